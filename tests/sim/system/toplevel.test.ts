import assert from "node:assert/strict";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { build, closureOf, copyOfFixture, type Tree } from "./nix.ts";

describe("toplevel of the simulation", function () {
  this.timeout(60_000);
  let tree: Tree;
  let quartz: string;
  let topaz: string;

  before(async () => {
    tree = await copyOfFixture();
    quartz = await build(tree.toplevel("quartz"));
    topaz = await build(tree.toplevel("topaz", "darwin"));
  });
  after(() => tree[Symbol.asyncDispose]());

  const text = (path: string): Promise<string> => readFile(join(quartz, path), "utf8");

  it("has the files of a NixOS system that deployment and boot look for", async () => {
    assert.deepEqual((await readdir(quartz)).sort(), [
      "activate",
      "bin",
      "boot.json",
      "configuration-name",
      "etc",
      "init",
      "init-interface-version",
      "initrd",
      "kernel",
      "kernel-modules",
      "kernel-params",
      "nixos-version",
      "specialisation",
      "sw",
      "switch-inhibitors",
      "system",
      "systemd",
    ]);
    assert.match(quartz, /^\/nix\/store\/[a-z0-9]{32}-nixos-system-quartz-26\.05$/);
    assert.equal(await text("system"), "x86_64-linux");
    assert.equal(await text("kernel-params"), "loglevel=4");
    const bootSpec = JSON.parse(await text("boot.json")) as Record<
      string,
      { toplevel: string; init: string; kernel: string }
    >;
    assert.equal(bootSpec["org.nixos.bootspec.v1"]?.toplevel, quartz);
    assert.equal(bootSpec["org.nixos.bootspec.v1"]?.init, `${quartz}/init`);
    assert.equal(bootSpec["org.nixos.bootspec.v1"]?.kernel, await readlink(join(quartz, "kernel")));
  });

  it("has the markers of nix-darwin and none of NixOS", async () => {
    assert.deepEqual((await readdir(topaz)).sort(), [
      "Applications",
      "Library",
      "activate",
      "darwin-version",
      "darwin-version.json",
      "etc",
      "sw",
      "system",
      "systemConfig",
      "user",
    ]);
    assert.equal(await readFile(join(topaz, "systemConfig"), "utf8"), topaz);
    assert.equal(await readFile(join(topaz, "system"), "utf8"), "aarch64-darwin");
    assert.match(
      await readFile(join(topaz, "Library/LaunchDaemons/org.nixos.beacon.plist"), "utf8"),
      /<key>KeepAlive<\/key>\n<true\/>\n<key>Label<\/key>\n<string>org\.nixos\.beacon<\/string>/,
    );
  });

  it("leaves out kernel, initrd and boot.json for a container", async () => {
    const files = await readdir(await build(tree.toplevel("jasper")));
    assert.deepEqual(
      ["boot.json", "init", "initrd", "kernel"].filter((file) => files.includes(file)),
      ["init"],
    );
  });

  it("refers to everything that it needs, and not to the source tree", async () => {
    const closure = await closureOf(quartz);
    for (const name of [
      "greeter",
      "jq-1.7.1",
      "ripgrep-15.1.0",
      "home-manager-generation",
      "linux-6.12.58",
      "systemd-258.2",
      "unit-script-beacon-start",
      "switch-to-configuration.sh",
    ]) {
      assert.ok(closure.includes(name), name);
    }
    assert.ok(!closure.some((name) => /source|tree/.test(name)), closure.join(" "));
  });

  it("links units into the targets that want them", async () => {
    const unit = join(quartz, "etc/systemd/system/beacon.service");
    assert.equal(
      await readlink(join(quartz, "etc/systemd/system/multi-user.target.wants/beacon.service")),
      await readlink(unit),
    );
    const script = /^ExecStart=(\S+)$/m.exec(await readFile(unit, "utf8"))?.[1] ?? "";
    assert.match(await readFile(script, "utf8"), /^#!\/bin\/bash -e\necho "quartz shines"\n/);
  });

  it("copies files with a mode of their own", async () => {
    assert.equal(await text("etc/base/secret.mode"), "0600 +0 +0\n");
  });

  it("does not change with a file that the machine does not use", async () => {
    await tree.edit("nix/entries/darwin/base/system.nix", "KeepAlive = true", "KeepAlive = false");
    assert.equal(await build(tree.toplevel("quartz")), quartz);
    assert.notEqual(await build(tree.toplevel("topaz", "darwin")), topaz);
  });

  it("has a toplevel of its own for each specialisation", async () => {
    await tree.edit(
      "nix/entries/nixos/machines/nixos/quartz/default.nix",
      "networking.hostName =",
      'specialisation.loud.configuration.environment.etc."base/extra".text = lib.mkForce "loud"; networking.hostName =',
    );
    const loud = join(await build(tree.toplevel("quartz")), "specialisation/loud");
    assert.equal(await readFile(join(loud, "etc/base/extra"), "utf8"), "loud");
    assert.deepEqual(await readdir(join(loud, "specialisation")), []);
  });
});
