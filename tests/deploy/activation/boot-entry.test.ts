import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "mocha";
import { declared, old } from "../support/facts.ts";

const script = new URL("../../../deploy/activation/scripts/boot-entry.sh", import.meta.url);

/** What the script says of a /boot with these files: kind, entry, init. */
async function read(files: Readonly<Record<string, string>>, loader = ""): Promise<string[]> {
  const boot = await mkdtemp(join(tmpdir(), "boot-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(boot, dirname(path)), { recursive: true });
      await writeFile(join(boot, path), text);
    }
    const text = (await readFile(script, "utf8")).replaceAll("/boot/efi", "/nowhere").replaceAll("/efi", "/nowhere");
    const input = `${text.replaceAll("/boot", boot)}\nread_boot_default ${loader}\nprintf '%s\\n' "$boot_kind" "$boot_entry" "$boot_init"`;
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

  it("is the newest generation's unified image, where lanzaboote leaves the choice to systemd-boot", async () => {
    const image = (init: string): string => `MZ\0\0.cmdline\0init=${init}/init quiet loglevel=4\0.linux\0`;
    const images = (conf: string, more: Readonly<Record<string, string>> = {}) =>
      read({
        "loader/loader.conf": conf,
        "EFI/Linux/nixos-generation-9-aaaa.efi": image(old),
        "EFI/Linux/nixos-generation-10-bbbb.efi": image(declared),
        "EFI/Linux/nixos-generation-10-specialisation-docked-cccc.efi": image(old),
        ...more,
      });
    const newest = ["lanzaboote", "nixos-generation-10-bbbb.efi", `${declared}/init`];
    assert.deepEqual(await images("default nixos-*\n"), newest);
    assert.deepEqual(await images("timeout 5\n"), newest);
    assert.deepEqual(await images("default nixos-generation-9-aaaa.efi\n"), [
      "lanzaboote",
      "nixos-generation-9-aaaa.efi",
      `${old}/init`,
    ]);
    const text = { "loader/entries/nixos-generation-8.conf": entry(old) };
    assert.deepEqual(await images("default nixos-*\n", text), ["unverified", "nixos-*"], "entries of both kinds");
    const closed = { "EFI/Linux/nixos-generation-11-dddd.efi": "MZ\0packed" };
    assert.deepEqual(await images("default nixos-*\n", closed), ["unverified", "nixos-generation-11-dddd.efi"]);
  });

  it("is that of the system's own loader where another one has left its files", async () => {
    const files = {
      "loader/loader.conf": "default nixos-generation-7.conf\n",
      "loader/entries/nixos-generation-7.conf": entry(old),
      "grub/grub.cfg": menu(declared),
    };
    assert.equal((await read(files))[0], "systemd-boot");
    assert.deepEqual(await read(files, "grub"), ["grub", "", `${declared}/init`]);
    assert.equal((await read(files, "extlinux"))[0], "systemd-boot", "which it has not");
  });

  it("cannot be told where a pattern, the last choice or an image without a command line is the default", async () => {
    for (const name of ["nixos-*", "@saved", "nixos-generation-7-abc.efi", "nixos-generation-?.conf"])
      assert.deepEqual(await loader(`default ${name}`), ["unverified", name]);
  });
});

describe("the loader that a system's installer writes for", () => {
  const kindOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "system-"));
    try {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(join(folder, dirname(path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
      const input = `${await readFile(script, "utf8")}\nloader_of ${folder}`;
      const { stdout, stderr } = spawnSync("/bin/sh", ["-s"], { input, encoding: "utf8" });
      assert.equal(stderr, "");
      return stdout.trim();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  const stc = (path: string, quote = "'") => ({
    "bin/switch-to-configuration": `#!/bin/sh\nexport OUT='/nix/store/x'\nexport INSTALL_BOOTLOADER=${quote}${path}${quote}\nexec stc\n`,
  });
  const store = `/nix/store/${"a".repeat(32)}`;

  it("stands in the wrapper of switch-to-configuration, be that text or a program", async () => {
    assert.equal(await kindOf(stc(`${store}-install-systemd-boot.sh`)), "systemd-boot");
    assert.equal(await kindOf(stc(`${store}-install-grub.sh`, "")), "grub");
    assert.equal(await kindOf(stc(`${store}-extlinux-conf-builder.sh -g 20 -t 5 -c`)), "extlinux");
    const program = { "bin/switch-to-configuration": `\x7fELF\0INSTALL_BOOTLOADER\0${store}-install-grub.sh\0` };
    assert.equal(await kindOf(program), "grub");
  });

  it("is lanzaboote where the boot specification says so, and unknown else", async () => {
    const spec = { "boot.json": '{"org.nix-community.lanzaboote":{"sort_key":"lanza"}}' };
    assert.equal(await kindOf({ ...stc(`${store}-lzbt/bin/lzbt`), ...spec }), "lanzaboote");
    for (const files of [stc(`${store}-my-own-installer`), stc("/bin/true"), {}]) assert.equal(await kindOf(files), "");
  });
});
