import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { SecretIdentityError } from "../../../clan/vars/errors.ts";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { deployMachine } from "../../../deploy/deploy-machine.ts";
import { renderLosses } from "../../../deploy/installation/plan-installation.ts";
import { FleetError } from "../../../errors.ts";
import { announcement } from "../../../providers/installation-preview.ts";
import type { FleetEvent } from "../../../report.ts";
import { diskKeyOfVars, MachineToInstall } from "../support/machine-to-install.ts";
import { patience } from "../support/signals.ts";
import { spyOnArguments } from "../support/spy-on-arguments.ts";

// One machine, from Debian to NixOS and to another NixOS: each test begins where the one before ended.
describe("installing a machine", function () {
  this.timeout(600_000);
  let machine: MachineToInstall;
  before(async () => {
    machine = await MachineToInstall.start();
  });
  after(() => machine[Symbol.asyncDispose]());

  const codeOf = async (run: Promise<unknown>): Promise<string> => {
    try {
      await run;
      return "no error";
    } catch (error) {
      if (error instanceof FleetError) return `${error.code}: ${error.facts.found}`;
      throw error;
    }
  };
  const bootId = (): Promise<string> => machine.ask("cat /proc/sys/kernel/random/boot_id");

  it("says what it would wipe, and refuses a disk that is not there, without touching anything", async () => {
    const boot = await bootId();
    const { plan, facts } = await machine.plan();
    assert.deepEqual([facts.os, facts.name], ["foreign", "Debian GNU/Linux 13 (trixie)"]);
    assert.deepEqual(await announcement(await machine.inputs()), {
      level: "warning",
      message: `wipes /dev/sda (google-persistent-disk-0) of the machine at root@${machine.host.address}, which runs Debian GNU/Linux 13 (trixie); lost with /dev/sda: sda1 (ext4, 107 GB, mounted at /), sda15 (vfat, 130 MB, UEFI, mounted at /boot/efi)`,
    });
    assert.deepEqual(plan.kind === "run" && plan.phases, ["kexec", "disko", "install", "reboot"]);
    assert.deepEqual(plan.kind === "run" && renderLosses(plan.wipes), [
      "lost with /dev/sda: sda1 (ext4, 107 GB, mounted at /), sda15 (vfat, 130 MB, UEFI, mounted at /boot/efi)",
    ]);
    const found = "FLEET_INSTALL_REFUSED: no disk /dev/nvme0n1; there are: /dev/sda (google-persistent-disk-0)";
    assert.equal(await codeOf(machine.install({ devices: ["/dev/nvme0n1"] })), found);
    const another = `FLEET_INSTALL_REFUSED: ${facts.name}, machine-id ${facts.machineId}`;
    assert.equal(await codeOf(machine.install({ agreed: false })), another, "nobody was asked about it");
    assert.equal(await bootId(), boot);
  });

  it("touches nothing before it has opened every secret that comes with the installation", async () => {
    const boot = await bootId();
    const words = { summary: "shut", expected: "a key", found: "no key opens it", at: "vars", fix: "find the key" };
    const stage = () => Promise.reject(new SecretIdentityError(words));
    assert.equal(await codeOf(machine.install({ secrets: { stage } })), "FLEET_SECRET_IDENTITY: no key opens it");
    assert.equal(await bootId(), boot);
  });

  it("stays the old system when kexec fails, and is in the installer when it succeeds", async () => {
    assert.match(await codeOf(machine.install({}, "before-kexec")), /^FLEET_INSTALL_FAILED: exit code 1/);
    const late = machine.install({ deadlines: { kexecSeconds: 5 } }, "hang-kexec");
    assert.match(await codeOf(late), /^FLEET_INSTALL_FAILED: no end after 5 s/, "its own waits have no end");
    assert.match(await codeOf(machine.install({}, "lost-kexec")), /Failed to kexec into NixOS installer/);
    assert.equal((await machine.plan()).facts.os, "foreign");
  });

  it("is begun by a user with sudo, whatever key the machine shows where that was accepted", async () => {
    const strict = machine.foreign({ user: "alice", hostKeys: [] });
    assert.match(
      await codeOf(machine.install({ foreign: strict })),
      /^FLEET_HOST_KEY_UNKNOWN: .*SHA256:/,
      "nobody accepted it",
    );
    const foreign = { ...strict, hostKeyPolicy: "accept-new" } as const;
    await machine.addUser("alice", true);
    const asking = /^FLEET_INSTALL_REFUSED: a login user who is not root$/;
    assert.match(await codeOf(machine.install({ foreign })), asking, "there is nobody whom its sudo can ask");
    const sudoPassword = "hunter 2";
    assert.match(await codeOf(machine.install({ foreign: { ...foreign, sudoPassword } })), asking);
    await machine.addUser("alice", false);
    const { kind, phases, wiped } = await machine.install({ foreign, until: "kexec" });
    assert.deepEqual([kind, phases, wiped], ["stopped", ["kexec"], []]);
    const accepted = machine.events.filter(({ message }) => message.includes("accepted on first use"));
    assert.equal(accepted.length, 1, "from then on it is pinned");
    const again = await machine.install({ until: "kexec" });
    assert.deepEqual([again.kind, again.phases, again.wiped], ["stopped", [], []], "it is there already");
  });

  it("brings keys of encrypted disks for the disk script alone, the stack's and the clan's, once they can be read", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "disk-key-"));
    const file = join(folder.path, "disk.key");
    const diskKeys = { "/run/keys/disk.key": file };
    const boot = await bootId();
    assert.equal(await codeOf(machine.install({ diskKeys })), `FLEET_INSTALL_REFUSED: ${file}: ENOENT`);
    assert.equal(await bootId(), boot);
    await writeFile(file, "key of the disk", { mode: 0o600 });
    await using spying = spyOnArguments();
    const there = machine.ask(
      `touch /run/spying; while [ -e /run/spying ]; do cat /proc/[0-9]*/cmdline 2>/dev/null >>/run/seen; done; true`,
    );
    const { wiped } = await machine.install({ diskKeys, until: "disko" });
    await machine.ask("rm /run/spying");
    await there;
    assert.deepEqual(wiped, ["/dev/sda (google-persistent-disk-0)"]);
    assert.equal(
      await machine.ask("cat /run/keys/disk.key; stat -c ' %a %U' /run/keys/disk.key"),
      "key of the disk 600 root",
    );
    const kept = "/run/partitioning-secrets/zfs/key";
    assert.equal(await machine.ask(`cat ${kept}; stat -c ' %a %U' ${kept}`), `${diskKeyOfVars} 600 root`);
    const seen = `${await spying.seen()}${JSON.stringify(machine.events)}`;
    assert.ok(seen.includes("--disk-encryption-keys"), "the spy works");
    for (const key of ["key of the disk", diskKeyOfVars]) {
      assert.ok(!seen.includes(key), "a key was told");
      assert.equal(await machine.ask(`grep -ac '${key}' /run/seen || true`), "0");
    }
    await machine.ask("umount /mnt; rm /run/pulumi-clan-installation"); // as before: kexec was the last that ended well
  });

  it("lets nobody else install the machine meanwhile, and takes over from an operator who is gone", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const formats = ({ phase, level }: FleetEvent): boolean => phase === "disko" && level === "info";
    const begun = machine.told(formats);
    const lost = codeOf(machine.install({}, "hang-disko", first.signal));
    await begun;
    const busy = /^FLEET_INSTALL_REFUSED: busy since \S+Z, by the installation of fleet\/test on /;
    assert.match(await codeOf(machine.install()), busy);

    // No word of the first operator arrives any more, and his connection stands: sshd notices hours later.
    const holder = "$(cut -d ' ' -f 1 /run/pulumi-clan/lock)";
    const pid = await machine.ask(
      `kill -STOP ${holder}; echo ${holder}; touch -d '2 minutes ago' /run/pulumi-clan/lock`,
    );
    const again = machine.told(formats);
    const taken = machine.install({}, "hang-disko", second.signal).catch((error: unknown) => error);
    await again;
    await machine.ask(`kill -CONT ${pid}`); // he is back, and learns at once that it is not his any more
    assert.match(await lost, /^FLEET_INSTALL_FAILED: busy since/);
    second.abort(new Error("Ctrl-C"));
    assert.equal(String(await taken), "Error: Ctrl-C");
    assert.equal(await machine.ask("cat /run/pulumi-clan/lock 2>/dev/null || echo free"), "free");
  });

  it("waits for what an interrupted run left at work on the disks", async () => {
    const left = "/nix/store/00000000000000000000000000000000-disko";
    const pid = await machine.ask(`bash -c 'exec -a ${left} sleep 600' >/dev/null 2>&1 & echo $!`);
    assert.equal(
      await codeOf(machine.install()),
      `FLEET_INSTALL_REFUSED: still at work from an earlier run: ${pid} ${left} 600 `,
    );
    await machine.ask(`kill ${pid}`);
  });

  it("goes on where it ended, whichever step failed last", async () => {
    const planned = async (): Promise<string> => {
      const { plan } = await machine.plan();
      return plan.kind === "run" ? plan.phases.join(" ") : plan.kind;
    };
    const after: Record<string, string> = {};
    for (const fault of ["before-disko", "after-disko", "before-install", "after-install", "before-reboot"]) {
      assert.match(await codeOf(machine.install({}, fault)), new RegExp(`simulated failure ${fault}`));
      after[fault] = await planned();
    }
    assert.deepEqual(after, {
      "before-disko": "disko install reboot",
      "after-disko": "disko install reboot",
      "before-install": "install reboot",
      "after-install": "install reboot",
      "before-reboot": "reboot",
    });
  });

  it("shows the declared host key at its first boot, and has what it needs to open its secrets", async () => {
    const { kind, phases, current } = await machine.install();
    assert.deepEqual([kind, phases, current], ["installed", ["reboot"], machine.toplevel]);
    assert.equal(await machine.ask("stat -c '%a %U' /var/lib/sops-nix/key.txt /"), "400 root\n755 root");
    assert.equal(await machine.ask("cat /var/lib/sops-nix/key.txt"), machine.ageKey);
    const told = machine.events.map(({ message }) => message).join("\n");
    assert.ok(!told.includes(machine.ageKey), "a secret was told");
    const left = (await readdir("/dev/shm")).filter((name) => name.startsWith("pulumi-clan-install-"));
    assert.deepEqual(left, []);
  });

  it("leaves nothing to do for the first deployment, which finds its own mark", async () => {
    const request = {
      machine: machine.host.name,
      connection: machine.installed,
      class: "nixos",
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      toplevel: machine.toplevel,
      policy: activationPolicySchema.parse({}),
      owner: { project: "fleet", stack: "test" },
      secrets: machine.secrets,
    } as const;
    const { kind, reason } = await deployMachine(request, () => undefined, patience());
    assert.deepEqual([kind, reason], ["unchanged", undefined]);
    assert.match(await machine.ask("cat /nix/var/pulumi-clan/owner.json"), /"project":"fleet","stack":"test"/);
  });

  it("never wipes the NixOS again, unless it is named, and then once", async () => {
    const boot = await bootId();
    assert.equal((await machine.install()).kind, "already");
    assert.match(await codeOf(machine.install({ reinstall: "another" })), /which runs NixOS$/);
    assert.equal(await bootId(), boot);
    const before = await machine.ask("touch /srv/data; cat /etc/machine-id");
    // By OpenSSH, where the way to the machine is one that only it knows.
    const foreign = machine.foreign({ backEnd: "openssh", hostKeys: machine.installed.hostKeys });
    const installed = { ...machine.installed, backEnd: "openssh" } as const;
    const named = { reinstall: "4711", instanceId: "4711", foreign, installed };
    assert.match(await codeOf(machine.install(named, "after-kexec")), /simulated failure after-kexec/);
    const { kind, wiped, machineId } = await machine.install(named);
    assert.deepEqual([kind, wiped], ["installed", ["/dev/sda (google-persistent-disk-0)"]]);
    assert.notEqual(machineId, before);
    assert.equal((await machine.install({ reinstall: "4711", instanceId: "4711" })).kind, "already");
  });

  it("sees the NixOS on the disk when a rescue system runs, and wipes it by the machine's name alone", async () => {
    await machine.ask("mv /etc/NIXOS /run/NIXOS"); // as another system would see the disk
    const { plan, facts } = await machine.plan();
    assert.equal(facts.os, "foreign");
    const found = plan.kind === "refuse" ? plan.obstacles.map((one) => one.found) : [plan.kind];
    const parts = "sda1 (vfat, 537 MB, disk-main-ESP), sda2 (ext4, 107 GB, disk-main-root)";
    assert.deepEqual(found, [`disks that a NixOS was installed on: ${parts}`]);
    const { message } = await announcement({
      ...(await machine.inputs()),
      foreignHostKeys: machine.installed.hostKeys,
    });
    assert.equal(
      message,
      `will be refused: disks that a NixOS was installed on: ${parts}: start that NixOS if it is to stay; to wipe it, name the machine by that id`,
    );
    const named = await machine.plan({ reinstall: facts.machineId ?? "" });
    assert.equal(named.plan.kind, "run");
    await machine.ask("mv /run/NIXOS /etc/NIXOS");
  });
});
