import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { declared, old } from "../support/facts.ts";

const script = new URL("../../../deploy/activation/scripts/boot-entry.sh", import.meta.url);

/** What the script says of a /boot with these files: kind, entry, init. */
async function read(files: Readonly<Record<string, string>>): Promise<string[]> {
  const boot = await mkdtemp(join(tmpdir(), "boot-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(boot, dirname(path)), { recursive: true });
      await writeFile(join(boot, path), text);
    }
    const text = (await readFile(script, "utf8")).replaceAll("/boot/efi", "/nowhere").replaceAll("/efi", "/nowhere");
    const input = `${text.replaceAll("/boot", boot)}\nread_boot_default\nprintf '%s\\n' "$boot_kind" "$boot_entry" "$boot_init"`;
    const { stdout, stderr } = spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8" });
    assert.equal(stderr, "");
    return stdout.trimEnd().split("\n");
  } finally {
    await rm(boot, { recursive: true, force: true });
  }
}
const entry = (init: string): string => `title NixOS\nlinux /k\ninitrd /i\noptions init=${init}/init quiet\n`;
const loader = (name: string) =>
  read({
    "loader/loader.conf": `timeout 5\n${name}\n`,
    "loader/entries/nixos-generation-7.conf": entry(old),
  });

const menu = (...inits: readonly string[]): string =>
  inits.map((init) => `menuentry "NixOS" {\n  linux /k init=${init}/init quiet\n}\n`).join("");

describe("the default boot entry", () => {
  it("is GRUB's and extlinux' first one, unless GRUB takes its default from elsewhere", async () => {
    const grub = (lines: string) => read({ "grub/grub.cfg": `${lines}${menu(declared, old)}` });
    const oneTime = `if [ "\${next_entry}" ]; then\n  set default="\${next_entry}"\nelse\n`;
    assert.deepEqual(await grub(""), ["grub", "", `${declared}/init`]);
    assert.deepEqual(await grub(`${oneTime}  set default=0\nfi\n`), ["grub", "", `${declared}/init`]);
    for (const other of [`"\${saved_entry}"`, "1", '"NixOS - All configurations>0"'])
      assert.deepEqual(await grub(`${oneTime}  set default=${other}\nfi\n`), ["unverified"], other);
    const extlinux = await read({
      "extlinux/extlinux.conf": `APPEND init=${old}/init\nAPPEND init=${declared}/init\n`,
    });
    assert.deepEqual(extlinux, ["extlinux", "", `${old}/init`]);
  });

  it("is what systemd-boot's loader.conf names", async () => {
    const seen = ["systemd-boot", "nixos-generation-7.conf", `${old}/init`];
    assert.deepEqual(await loader("default nixos-generation-7.conf"), seen);
    assert.deepEqual(await loader("default nixos-generation-7"), seen);
    assert.deepEqual(await loader("default nixos-generation-8.conf"), ["systemd-boot", "nixos-generation-8.conf"]);
    assert.deepEqual(await loader("console-mode keep"), ["systemd-boot"], "its builder found no generation");
  });

  it("cannot be told where a pattern, the last choice or a unified image is the default", async () => {
    for (const name of ["nixos-*", "@saved", "nixos-generation-7-abc.efi", "nixos-generation-?.conf"])
      assert.deepEqual(await loader(`default ${name}`), ["unverified", name]);
  });
});
