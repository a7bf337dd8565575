import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { differences, overlaps, problemsOf, readNextBoot } from "../../chaos/invariants.ts";

const old = "/nix/store/00000000000000000000000000000000-nixos-system-agate";
const fresh = "/nix/store/11111111111111111111111111111111-nixos-system-agate";

// The suite believes what these say of a host: each kind of damage is shown to them once.
describe("what must hold on a host under faults", () => {
  let folder: string;
  let at: { readonly root: string; readonly boot: string };
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const link = async (path: string, target: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await rm(join(folder, path), { force: true });
    await symlink(target, join(folder, path));
  };
  const entry = (toplevel: string): string =>
    `title NixOS\nlinux /EFI/nixos/kernel.efi\ninitrd /EFI/nixos/initrd.efi\noptions init=${toplevel}/init quiet\n`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "host-root-"));
    at = { root: join(folder, "root"), boot: join(folder, "boot") };
    for (const [toplevel, identity] of [[old, "identity-1"] as const, [fresh, "identity-2"] as const]) {
      await write(`root${toplevel}/init`, "#!/bin/sh\n");
      await write(`root${toplevel}/etc/chaos/identity`, identity);
    }
    await link("root/run/current-system", old);
    await link("root/nix/var/nix/profiles/system", "system-1-link");
    await link("root/nix/var/nix/profiles/system-1-link", old);
    await write("boot/loader/loader.conf", "timeout 5\ndefault nixos-generation-1.conf\n");
    await write("boot/loader/entries/nixos-generation-1.conf", entry(old));
    await write("boot/EFI/nixos/kernel.efi", "kernel");
    await write("boot/EFI/nixos/initrd.efi", "initrd");
    await write("root/var/lib/sops-nix/key.txt", "identity-1\n");
    await write("root/var/lib/chaos/token", "token of identity-1\n");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const problems = (): string[] => problemsOf(at, "nixos");

  it("holds on a host as it should be", () => {
    assert.deepEqual(problems(), []);
    assert.deepEqual(differences(at, "nixos", { declared: old, identity: "identity-1" }), []);
  });

  it("needs a default entry with kernel, initrd and a system in the store", async () => {
    await rm(join(folder, "boot/EFI/nixos/initrd.efi"));
    assert.deepEqual(problems(), [
      "no bootable default: the default entry names /EFI/nixos/initrd.efi, which is not there",
    ]);
    await write("boot/EFI/nixos/initrd.efi", "");
    assert.match(problems().join(), /initrd\.efi, which is not there/, "an empty file is none");
    await write("boot/loader/loader.conf", "timeout 5\ndefault nixos-generation-2.conf\n");
    assert.deepEqual(problems(), ["no bootable default: no entry nixos-generation-2.conf"]);
    await write("boot/loader/loader.conf", "timeout 5\n");
    assert.deepEqual(problems(), ["no bootable default: loader.conf names no default"]);
    await rm(join(folder, "boot/loader"), { recursive: true });
    assert.deepEqual(problems(), ["no bootable default: no loader's configuration"]);
  });

  it("needs the system of the default entry in the store", async () => {
    await rm(join(folder, `root${old}/init`));
    assert.deepEqual(problems(), [
      "no bootable default: 0000000-nixos-system-agate, which shall be booted, is not in the store",
    ]);
  });

  it("reads GRUB's first entry", async () => {
    await rm(join(folder, "boot/loader"), { recursive: true });
    const menu = (toplevel: string): string =>
      `menuentry "NixOS" {\n  linux /kernels/k init=${toplevel}/init quiet\n  initrd /kernels/i\n}\n`;
    await write("boot/grub/grub.cfg", `set default=0\n${menu(fresh)}${menu(old)}`);
    assert.match(readNextBoot(at, "nixos").problem ?? "", /^the default entry names \/kernels\/k/);
    await write("boot/kernels/k", "kernel");
    await write("boot/kernels/i", "initrd");
    assert.deepEqual(readNextBoot(at, "nixos"), { toplevel: fresh, problem: undefined });
  });

  it("needs the identity of what runs and of what the next boot starts", async () => {
    await link("root/run/current-system", fresh);
    assert.deepEqual(problems(), [
      "a lost secret: the running system, 1111111-nixos-system-agate, needs identity-2, the key file has identity-1",
    ]);
    await write("root/var/lib/sops-nix/key.txt", "identity-2\n");
    assert.deepEqual(problems(), [
      "a lost secret: the system of the next boot, 0000000-nixos-system-agate, needs identity-1, the key file has identity-2",
    ]);
    await write("root/var/lib/sops-nix/key.txt", "identity-2\nidentity-1\n");
    assert.deepEqual(problems(), []);
  });

  it("sees a torn file", async () => {
    await write("root/var/lib/chaos/token", "token of iden");
    assert.deepEqual(problems(), ['a torn secret: "token of iden"']);
  });

  it("sees activations beside each other in the log", () => {
    const log = `1 10 test ${old} beside nobody\n2 11 test ${fresh} beside 10\n`;
    assert.deepEqual(overlaps(log), [`two activations at once: 2 11 test ${fresh} beside 10`]);
  });

  it("sees what is left open, and what is not the declared", async () => {
    await write("root/nix/var/pulumi-clan/transaction.json", "{}");
    assert.deepEqual(differences(at, "nixos", { declared: fresh, identity: "identity-2" }), [
      "running: 0000000-nixos-system-agate instead of 1111111-nixos-system-agate",
      "profile: 0000000-nixos-system-agate instead of 1111111-nixos-system-agate",
      "next boot: 0000000-nixos-system-agate instead of 1111111-nixos-system-agate",
      "left behind: /nix/var/pulumi-clan/transaction.json",
      'key file: "identity-1\\n" instead of identity-2',
      "token: not the declared one",
    ]);
  });
});
