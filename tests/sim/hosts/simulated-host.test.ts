import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { hostStatus } from "../../../sim/hosts/host-status.ts";
import { mountsBelow } from "../../../sim/hosts/mounts.ts";
import { runCommand, tryCommand } from "../../../sim/hosts/run-command.ts";
import { hostPaths, publishedKeyPath } from "../../../sim/hosts/sim-state.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation, soon } from "./own-simulation.ts";

const mebibyte = 2 ** 20;

describe("simulated host", function () {
  this.timeout(60_000);
  let simulation: OwnSimulation;
  let host: SimHost;

  before(async () => {
    simulation = await ownSimulation();
    host = await startHost(
      simulation.host("nixos", { diskBytes: 64 * mebibyte, bootBytes: 8 * mebibyte }),
      soon(),
      simulation.state,
    );
  });
  after(async () => {
    await simulation[Symbol.asyncDispose]();
  });

  it("boots a systemd of its own and answers over ssh with the key it published", async () => {
    const { stdout } = await host.ssh(
      "hostname; systemctl is-system-running; cat /etc/ssh/ssh_host_ed25519_key.pub",
      soon(),
    );
    const published = (await readFile(publishedKeyPath(simulation.state, host.spec), "utf8")).trim();
    assert.equal(stdout, `${host.name}\nrunning\n${published}\n`);
    assert.equal(host.hostKey, published);
  });

  it("is refused by a client that pinned another key", async () => {
    const file = join(simulation.state.directory, "another_key");
    await writeFile(file, `${host.address} ${(await readFile(`${host.identityFile}.pub`, "utf8")).trim()}\n`);
    const args = [
      "-F",
      "/dev/null",
      "-i",
      host.identityFile,
      "-o",
      "BatchMode=yes",
      "-o",
      `UserKnownHostsFile=${file}`,
    ];
    const { exitCode, stderr } = await tryCommand("ssh", [...args, `root@${host.address}`, "true"], {}, soon());
    assert.equal(exitCode, 255);
    assert.match(stderr, /REMOTE HOST IDENTIFICATION HAS CHANGED/);
  });

  it("runs transient units and Nix", async () => {
    const { stdout } = await host.ssh(
      "systemd-run --quiet --pipe --wait echo unit; nix --version; nix-store --query --requisites /run/current-system | wc -l",
      soon(),
    );
    assert.match(stdout, /^unit\nnix \(Nix\) \d+\.\d+\.\d+\n[1-9]\d*\n$/);
  });

  it("runs the system that its default boot entry names", async () => {
    const { stdout } = await host.ssh(
      "test -e /etc/NIXOS && readlink /run/current-system /run/booted-system; readlink -f /nix/var/nix/profiles/system; findmnt --noheadings --output TARGET /boot",
      soon(),
    );
    const [current, booted, profile, boot] = stdout.split("\n");
    assert.match(current ?? "", /^\/nix\/store\//);
    assert.deepEqual([booted, profile, boot], [current, current, "/boot"]);
  });

  it("has a disk and a /boot of bounded size", async () => {
    await host.fillDisk(mebibyte);
    const full = await host.ssh("head -c 4M /dev/zero > /var/tmp/file; echo $?; rm -f /var/tmp/file", soon());
    assert.match(full.stderr, /No space left on device/);
    await host.releaseDisk();
    const free = await host.ssh(
      "head -c 4M /dev/zero > /var/tmp/file && rm /var/tmp/file; head -c 9M /dev/zero > /boot/file; rm -f /boot/file",
      soon(),
    );
    assert.match(free.stderr, /^head: error writing .*: No space left on device\n$/);
  });

  it("comes back from a reboot with another boot id and the same disk", async () => {
    await host.ssh("echo kept > /root/file; touch /run/file", soon());
    const before = await host.bootId(soon());
    await host.reboot(soon());
    assert.notEqual(await host.bootId(soon()), before);
    const { stdout } = await host.ssh("cat /root/file; ls /run/file 2>/dev/null", soon());
    assert.equal(stdout, "kept\n");
  });

  it("is unreachable while it is off, and boots again with its disk", async () => {
    await host.stop(soon());
    assert.equal((await hostStatus(simulation.state, host.name))?.state, "off");
    const { exitCode, stderr } = await host.ssh("true", soon());
    assert.equal(exitCode, 255);
    assert.match(stderr, /No route to host|timed out/);
    await host.boot(soon());
    assert.equal((await host.ssh("cat /root/file", soon())).stdout, "kept\n");
  });

  it("loses its processes but not its disk when the power fails", async () => {
    await host.powerLoss(soon());
    assert.equal((await hostStatus(simulation.state, host.name))?.state, "off");
    await host.boot(soon());
    assert.equal((await host.ssh("cat /root/file", soon())).stdout, "kept\n");
  });

  it("stays down without a boot entry, and says so", async () => {
    await host.ssh("mv /boot/loader /boot/away", soon());
    await assert.rejects(host.reboot(soon()), (error: Error) => {
      assert.match(error.message, /went down while it was booting/);
      assert.match(error.message, /no boot entry that names an init/);
      return true;
    });
  });

  it("leaves nothing behind when it is removed", async () => {
    await host.remove(soon());
    assert.deepEqual(await mountsBelow(simulation.state.directory), []);
    assert.doesNotMatch(await runCommand("ip", ["-oneline", "link"], {}, soon()), new RegExp(`pcs-${host.name}`));
    await assert.rejects(readdir(hostPaths(simulation.state, host.name).directory), { code: "ENOENT" });
    assert.doesNotMatch(await runCommand("ps", ["-eo", "args"], {}, soon()), new RegExp(`machine=pcs-${host.name}`));
    assert.deepEqual(
      (await readdir("/run/systemd/nspawn/propagate")).filter((name) => name.includes(host.name)),
      [],
    );
  });
});

describe("simulated host of the BIOS", function () {
  this.timeout(60_000);

  it("boots what GRUB's first entry names", async () => {
    await using simulation = await ownSimulation();
    const host = await startHost(simulation.host("nixos", { loader: "grub" }), soon(), simulation.state);
    const script = "ls -d /boot/loader 2>/dev/null; grep -c . /boot/grub/grub.cfg; readlink /run/booted-system";
    const [lines, booted = ""] = (await host.ssh(script, soon())).stdout.split("\n");
    assert.ok(Number(lines) > 3);
    const { stdout } = await host.ssh("sed -n 's/.* init=\\([^ ]*\\).*/\\1/p' /boot/grub/grub.cfg | head -n 1", soon());
    assert.equal(stdout, `${booted}/init\n`);
  });
});

describe("simulated Debian", function () {
  this.timeout(60_000);

  it("shows no mark of NixOS or darwin", async () => {
    await using simulation = await ownSimulation();
    const host = await startHost(simulation.host("debian"), soon(), simulation.state);
    const { stdout } = await host.ssh(
      "ls -d /etc/NIXOS /nix/store /run/current-system /boot/* 2>/dev/null; uname -s; . /etc/os-release; echo $ID",
      soon(),
    );
    assert.equal(stdout, "Linux\ndebian\n");
  });
});

describe("simulated Mac", function () {
  this.timeout(60_000);

  it("shows the marks of darwin and none of NixOS to an ssh session", async () => {
    await using simulation = await ownSimulation();
    const mac = await startHost(simulation.host("darwin"), soon(), simulation.state);
    const { stdout } = await mac.ssh(
      "uname -sm; sw_vers -productName; ls /etc/NIXOS 2>/dev/null; command -v systemctl flock; ls /run/current-system/darwin-version; readlink -f /nix/var/nix/profiles/system | cut -d/ -f2,3",
      soon(),
    );
    assert.equal(stdout, "Darwin arm64\nmacOS\n/run/current-system/darwin-version\nnix/store\n");
  });
});
