import assert from "node:assert/strict";
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import { stringify } from "yaml";
import { generateAgeKey, recipientOf } from "../../../clan/vars/age/age-file.ts";
import { type CommandResult, runCommand, tryCommand } from "../../../sim/hosts/run-command.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { galena, type TemporaryFleet, temporaryFleet } from "../../clan/support/temporary-fleet.ts";
import { patience } from "../../deploy/support/signals.ts";
import { type OwnSimulation, ownSimulation } from "../../sim/hosts/own-simulation.ts";

const checkout = resolve(import.meta.dirname, "../../..");
const platform = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
const machine = galena
  .replace("x86_64-linux", platform)
  .replace(
    'hostName: "galena" }',
    'hostName: "galena" }, disko: { devices: { disk: { main: { device: "/dev/sda" } } } }',
  );

const fleetFile = `
import { defineFleet, importTree } from "pulumi-clan/author";
export default defineFleet({
  name: "small",
  systems: ["${platform}"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-unstable" },
    "flake-parts": { url: "github:hercules-ci/flake-parts" },
    "import-tree": { url: "github:vic/import-tree" },
    "clan-core": { url: "github:clan-lol/clan-core" },
  },
});
`;

describe("installing a machine from the command line", function () {
  this.timeout(600_000);
  let simulation: OwnSimulation;
  let host: SimHost;
  let fleet: TemporaryFleet;
  /** The operator's age key; empty: it is not at hand. */
  let operator = "";

  before(async () => {
    simulation = await ownSimulation();
    host = await startHost(simulation.host("debian"), patience(), simulation.state);
    fleet = await temporaryFleet({
      "fleet.ts": fleetFile,
      "modules/galena.ts": machine,
      "Pulumi.yaml": "name: fleet\nruntime: nodejs\n",
    });
    await cp(join(checkout, "sim/system"), join(fleet.root, "sim/system"), { recursive: true });
    // Not in the fleet's tree: what lies there goes into the Nix store.
    const files = join(simulation.state.directory, "identity");
    const key = join(files, "etc/ssh/ssh_host_ed25519_key");
    for (const folder of [dirname(key), join(files, "root/.ssh")]) await mkdir(folder, { recursive: true });
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], {}, patience());
    await copyFile(`${host.identityFile}.pub`, join(files, "root/.ssh/authorized_keys"));
    await chmod(join(files, "root/.ssh/authorized_keys"), 0o600);
    const config = {
      "pulumi-clan:systemBuilder": "sim/system",
      "pulumi-clan:nixosAnywhere": join(checkout, "sim/nixos-anywhere/nixos-anywhere"),
      "pulumi-clan:identityFile": host.identityFile,
      "pulumi-clan:hosts": {
        galena: {
          targetHost: `root@${host.address}`,
          hostKey: (await readFile(`${key}.pub`, "utf8")).trim(),
          install: { hostKey: host.hostKey, files },
        },
      },
    };
    await writeFile(join(fleet.root, "Pulumi.core.yaml"), stringify({ config }));
    operator = (await generateAgeKey()).identity;
    const made = await run("vars", "generate", "galena", "--with", "builtin", "--user", "mina");
    assert.equal(made.exitCode, 0, made.stderr);
    // What generators put on the host is not known where another builder makes the systems: the folder has its host key.
    await rm(join(fleet.root, "vars/per-machine/galena/openssh"), { recursive: true });
  });
  after(async () => {
    await fleet[Symbol.asyncDispose]();
    await simulation[Symbol.asyncDispose]();
  });

  const run = (...args: string[]): Promise<CommandResult> => {
    const command = join(checkout, "cli/fleet.ts");
    const env = { ...process.env, PULUMI_STACK: "core", SOPS_AGE_KEY: operator };
    const options = { env, deadlineMs: 280_000 };
    return tryCommand(process.execPath, [command, "-C", fleet.root, ...args], options, AbortSignal.timeout(300_000));
  };
  const machineId = async (): Promise<string> => (await host.exec("cat /etc/machine-id", patience())).stdout.trim();

  it("looks first: says what would be wiped, and asks nobody to be asked", async () => {
    const looked = await run("install", "galena", "--dry-run");
    assert.equal(looked.exitCode, 0, looked.stderr);
    const wipes = "wipes /dev/sda (google-persistent-disk-0) of Debian GNU/Linux 13 (trixie)";
    assert.equal(
      looked.stdout,
      `galena: ${wipes}, machine-id ${await machineId()}: kexec, disko, install, reboot
galena: lost with /dev/sda: sda1 (ext4, 107 GB, mounted at /), sda15 (vfat, 130 MB, UEFI, mounted at /boot/efi)
`,
    );
    const unasked = await run("install", "galena");
    assert.equal(unasked.exitCode, 2, unasked.stdout);
    assert.match(unasked.stderr, /Install galena\? Nobody can be asked here: say --yes/);
  });

  it("touches nothing while the key of the clan's vars is not at hand", async () => {
    const id = await host.bootId(patience());
    const key = operator;
    operator = "";
    const refused = await run("install", "galena", "--yes").finally(() => {
      operator = key;
    });
    assert.equal(refused.exitCode, 1, refused.stdout);
    assert.match(refused.stderr, /galena: none of your age keys opens /);
    assert.equal(await host.bootId(patience()), id);
  });

  it("ends a phase at the deadline that the stack gives it", async () => {
    const text = await readFile(join(fleet.root, "Pulumi.core.yaml"), "utf8");
    const hasty = text.replace("install:", "install:\n        deadlines: { kexecSeconds: 5 }");
    await writeFile(join(fleet.root, "Pulumi.hasty.yaml"), hasty);
    process.env["SIM_NIXOS_ANYWHERE_FAULT"] = "hang-kexec";
    const late = await run("install", "galena", "--yes", "--stack", "hasty").finally(() => {
      delete process.env["SIM_NIXOS_ANYWHERE_FAULT"];
    });
    assert.equal(late.exitCode, 1, late.stdout);
    assert.match(late.stderr, /phase kexec of the installation failed\n[\s\S]*no end after 5 s/);
  });

  it("writes a hardware report before anything is wiped, and goes on from there", async () => {
    const report = join(fleet.root, "facter.json");
    const stopped = await run("install", "galena", "--yes", "--until", "kexec", "--hardware-report", report);
    assert.equal(stopped.exitCode, 0, stopped.stderr);
    assert.equal(stopped.stdout, "galena: stopped after kexec; the next run goes on there\n");
    assert.match(stopped.stderr, /hardware report in \S+facter\.json: commit it/);
    assert.match(await readFile(report, "utf8"), /"version":1/);
    await rm(report);
    const again = await run("install", "galena", "--yes", "--until", "kexec", "--hardware-report", report);
    assert.equal(
      again.stdout,
      "galena: is as far as was asked for already; the next run goes on there\n",
      again.stderr,
    );
    assert.match(await readFile(report, "utf8"), /"version":1/, "the installer reports again");
    const { stdout, stderr, exitCode } = await run("install", "galena", "--yes");
    assert.equal(exitCode, 0, stderr);
    assert.match(
      stdout,
      /^galena: installed, wiped \/dev\/sda \(google-persistent-disk-0\), runs \/nix\/store\/\S+-nixos-system-galena-\S+\n$/,
    );
  });

  it("brought the key that the clan keeps for the machine, decrypted by the operator", async () => {
    const key = (await host.exec("cat /var/lib/sops-nix/key.txt", patience())).stdout.trim();
    const kept = await readFile(join(fleet.root, "sops/machines/galena/key.json"), "utf8");
    assert.ok(kept.includes(await recipientOf(key)), kept);
  });

  it("leaves a machine that is installed alone, and says by which word it would be wiped", async () => {
    const again = await run("install", "galena", "--yes");
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(
      again.stdout,
      `galena: runs NixOS already, as declared; to wipe it: --reinstall ${await machineId()}\n`,
    );
    const deployed = await run("deploy", "galena", "--yes");
    assert.match(deployed.stdout, /^galena +unchanged/m, deployed.stderr);
  });
});
