import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";

const run = promisify(execFile);
const builder = join(import.meta.dirname, "..", "..", "acceptance", "host", "build-variant.sh");

// The builder takes paths as they come: a folder of its own stands for the store. Shapes: nixpkgs, top-level.nix,
// switchable-system.nix, etc.nix; nix-darwin, modules/system/{default,activation-scripts,launchd}.nix, as of 2026.
describe("a variant of a system", () => {
  let store: string;
  let original: string;
  let out: string;
  beforeEach(async () => {
    store = await mkdtemp(join(tmpdir(), "variant-"));
    original = join(store, "nnnn-nixos-system-host-26.05.1");
    out = join(store, "vvvv-nixos-system-host-26.05.1");
  });
  afterEach(() => rm(store, { recursive: true, force: true }));

  const write = async (path: string, text: string | Buffer, mode = 0o444): Promise<void> => {
    await mkdir(dirname(join(store, path)), { recursive: true });
    await writeFile(join(store, path), text, { mode });
  };
  const link = async (path: string, target: string): Promise<void> => {
    await mkdir(dirname(join(store, path)), { recursive: true });
    await symlink(target, join(store, path));
  };
  const read = (path: string): Promise<string> => readFile(join(out, path), "utf8");
  const build = async (change: string): Promise<void> => {
    const build = await mkdtemp(join(store, "build-"));
    const env = { original, out, change, label: change, tools: "/usr/bin:/bin", NIX_BUILD_TOP: build };
    await run("/bin/bash", ["-euc", await readFile(builder, "utf8")], { env });
  };

  async function nixos(): Promise<void> {
    const base = "nnnn-nixos-system-host-26.05.1";
    await write(
      `${base}/bin/switch-to-configuration`,
      `#!/bin/sh\nexport OUT='${original}'\nexport TOPLEVEL='${original}'\nexec "${original}/bin/.switch-to-configuration-wrapped" "$@"\n`,
      0o555,
    );
    await link(`${base}/bin/.switch-to-configuration-wrapped`, join(store, "ssss-switch/bin/switch"));
    await write(`${base}/init`, Buffer.from(`\x7fELF\0\xff${original}/init\0\xfe\n`, "latin1"), 0o555);
    await write(`${base}/prepare-root`, `systemConfig=${original}\n`, 0o555);
    await write(
      `${base}/activate`,
      `#! /bin/bash\nsystemConfig=${original}\n_status=0\nperl setup-etc.pl ${store}/eeee-etc/etc\nln -sfn "$(readlink -f "$systemConfig")" /run/current-system\nexit $_status\n`,
      0o555,
    );
    await write(`${base}/boot.json`, JSON.stringify({ "org.nixos.bootspec.v1": { init: `${original}/init` } }));
    await write(`${base}/nixos-version`, "26.05.1");
    await link(`${base}/self`, `${original}/init`);
    await link(`${base}/etc`, join(store, "eeee-etc/etc"));
    await link(`${base}/kernel`, join(store, "kkkk-linux/bzImage"));
    await link("eeee-etc/etc/systemd/system", join(store, "uuuu-system-units"));
    await link("eeee-etc/etc/hosts", join(store, "hhhh-hosts"));
    await write("eeee-etc/etc/sudoers.mode", "0440\n");
    await link("uuuu-system-units/sshd.service", join(store, "dddd-unit-sshd.service/sshd.service"));
    await link("uuuu-system-units/multi-user.target.wants/sshd.service", "../sshd.service");
    await chmod(join(store, "uuuu-system-units/multi-user.target.wants"), 0o555);
    await chmod(join(store, "uuuu-system-units"), 0o555);
  }

  async function darwin(): Promise<void> {
    const base = "nnnn-nixos-system-host-26.05.1";
    const daemons = `${store}/llll-launchd/Library/LaunchDaemons`;
    await write(
      `${base}/activate`,
      `#!/usr/bin/env -i /bin/bash\nset -e\nsystemConfig=${original}\nif [[ ! -e "${daemons}/$f" ]]; then launchctl unload "$f"; fi\n# so that /run/current-system is a root\nln -sfn "$(readlink -f "$systemConfig")" /run/current-system\nif [[ -d /nix/var/nix/gcroots ]]; then\n  ln -sfn /run/current-system /nix/var/nix/gcroots/current-system\nfi\n`,
      0o555,
    );
    await write(`${base}/darwin-version`, "26.05");
    await write(`${base}/systemConfig`, original);
    await link(`${base}/etc`, join(store, "eeee-etc/etc"));
    await link(`${base}/Library/LaunchDaemons`, daemons);
    await link("llll-launchd/Library/LaunchDaemons/org.nixos.nix-gc.plist", join(store, "gggg-gc.plist"));
  }

  it("calls itself by its own path in scripts, boot files, links and programs, and is else the same", async () => {
    await nixos();
    await build("same");
    assert.equal(
      await read("bin/switch-to-configuration"),
      `#!/bin/sh\nexport OUT='${out}'\nexport TOPLEVEL='${out}'\nexec "${out}/bin/.switch-to-configuration-wrapped" "$@"\n`,
    );
    assert.equal((await lstat(join(out, "bin/switch-to-configuration"))).mode & 0o111, 0o111);
    assert.equal(
      await readlink(join(out, "bin/.switch-to-configuration-wrapped")),
      join(store, "ssss-switch/bin/switch"),
    );
    assert.deepEqual(
      await readFile(join(out, "init")),
      Buffer.from(`\x7fELF\0\xff${out}/init\0\xfe\n`, "latin1"),
      "byte by byte, and as long as before",
    );
    assert.match(await read("prepare-root"), new RegExp(`^systemConfig=${out}$`, "m"));
    assert.deepEqual(JSON.parse(await read("boot.json")), { "org.nixos.bootspec.v1": { init: `${out}/init` } });
    assert.equal(await readlink(join(out, "self")), `${out}/init`);
    assert.equal(await readlink(join(out, "etc")), join(store, "eeee-etc/etc"), "what is not changed is shared");
    assert.equal(await readlink(join(out, "kernel")), join(store, "kkkk-linux/bzImage"));
  });

  it("has one more unit in an /etc of its own, which its activation names", async () => {
    await nixos();
    await build("failing-unit");
    const units = await readlink(join(out, "etc/systemd/system"));
    assert.equal(
      units,
      join(out, "pulumi-clan-acceptance-units"),
      "a link, as NixOS' own: its setup-etc makes links of links",
    );
    assert.equal(
      await readFile(join(units, "pulumi-clan-acceptance.service"), "utf8"),
      '[Unit]\nDescription=pulumi-clan acceptance: failing-unit\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "exit 1"\n',
    );
    await access(join(units, "multi-user.target.wants/pulumi-clan-acceptance.service"));
    assert.equal(await readlink(join(units, "sshd.service")), join(store, "dddd-unit-sshd.service/sshd.service"));
    assert.equal(await readlink(join(units, "multi-user.target.wants/sshd.service")), "../sshd.service");
    assert.equal(await readlink(join(out, "etc/hosts")), join(store, "hhhh-hosts"));
    assert.equal(await read("etc/sudoers.mode"), "0440\n");
    assert.match(await read("activate"), new RegExp(`^perl setup-etc\\.pl ${out}/etc$`, "m"));
  });

  it("fails in its activation after all of it was done", async () => {
    await nixos();
    await build("failing-activation");
    assert.equal(
      await read("activate"),
      `#! /bin/bash\n${out}/.activate "$@"\necho "Activation script snippet 'pulumi-clan-acceptance' failed (1)"\nexit 1\n`,
    );
    assert.match(await read(".activate"), new RegExp(`^systemConfig=${out}$`, "m"));
    assert.equal((await lstat(join(out, "activate"))).mode & 0o111, 0o111);
  });

  it("says why it cannot be made: an /etc that is an image", async () => {
    await nixos();
    await link("nnnn-nixos-system-host-26.05.1/etc-metadata-image", join(store, "iiii-image"));
    await writeFile(join(store, "iiii-image"), "");
    await assert.rejects(build("unit"), /variant: its \/etc is an image \(system\.etc\.overlay\)/);
  });

  it("of a Mac loads one more daemon before it becomes the running system", async () => {
    await darwin();
    await build("unit");
    const activate = await read("activate");
    const daemons = join(out, "Library/LaunchDaemons");
    assert.match(
      await read("Library/LaunchDaemons/pulumi-clan-acceptance.plist"),
      /<string>\/usr\/bin\/true<\/string>/,
    );
    assert.equal(await readlink(join(daemons, "org.nixos.nix-gc.plist")), join(store, "gggg-gc.plist"));
    assert.match(activate, new RegExp(`-e "${daemons}/\\$f"`), "its own daemons are not removed as another system's");
    const load = activate.indexOf("launchctl load -w /Library/LaunchDaemons/pulumi-clan-acceptance.plist");
    assert.ok(load > 0 && load < activate.indexOf("ln -sfn"), activate);
    assert.equal((await read("systemConfig")).trim(), out);
  });

  it("of a Mac stops half way where its activation fails", async () => {
    await darwin();
    await build("failing-activation");
    const activate = await read("activate");
    assert.ok(activate.indexOf("\nexit 1\n") < activate.indexOf("\nln -sfn"), activate);
    assert.equal(activate.split("this step fails").length, 2, "once");
  });
});
