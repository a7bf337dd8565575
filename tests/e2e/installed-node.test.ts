import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { Checkout } from "./support/checkout.ts";

const install = 'galena: { install: { files: ".state/identity" } }';

describe("a cloud node that boots another system", function () {
  this.timeout(600_000);
  let checkout: Checkout;
  before(async () => {
    checkout = await Checkout.create();
    checkout.environment["PULUMI_CLAN_SIM_FOREIGN"] = "galena";
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar, stibnite, galena]", "machines: [galena]");
    const tool = "  pulumi-clan:nixosAnywhere: ./sim/nixos-anywhere/nixos-anywhere\n  pulumi-clan:hosts:\n";
    await checkout.edit("Pulumi.local.yaml", "  pulumi-clan:hosts:\n", `${tool}    ${install}\n`);
    await chmod(join(checkout.root, "sim/nixos-anywhere/nixos-anywhere"), 0o755);
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0); // its keys are those of the node, too
    await identity(".state/sim/host-keys/galena", "etc/ssh/ssh_host_ed25519_key");
    await identity(".state/sim/operator_ed25519.pub", "root/.ssh/authorized_keys");
  });
  after(() => checkout[Symbol.asyncDispose]());

  async function identity(from: string, to: string): Promise<void> {
    const target = join(checkout.root, ".state/identity", to);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(checkout.root, from), target);
    await chmod(target, 0o600);
  }

  /** As Google has them, not as the state remembers them. */
  async function metadataKeys(): Promise<string[]> {
    const vm = z.object({ inputs: z.object({ metadata: z.record(z.string(), z.string()).optional() }) });
    const cloud = z.object({ resources: z.record(z.string(), vm) });
    const { resources } = cloud.parse(JSON.parse(await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8")));
    const [id = ""] = Object.keys(resources).filter((one) => one.endsWith("/instances/galena"));
    return Object.keys(resources[id]?.inputs.metadata ?? {}).sort();
  }

  it("is told in the preview what is wiped, and becomes a NixOS that needs no further deployment", async () => {
    const preview = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /install: wipes \/dev\/sda of the new VM, unless it runs NixOS/);
    const up = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.equal(up.code, 0, up.text);
    assert.match(up.text, /galena-installation created/);
    assert.match(up.text, /installed: wiped \/dev\/sda \(google-persistent-disk-0\), runs the declared system/);
    assert.match(up.text, /first login: installed: ssh-keys and startup-script are taken out of the VM's metadata/);
    assert.deepEqual(await metadataKeys(), ["block-project-ssh-keys", "enable-guest-attributes", "enable-oslogin"]);
    const { stdout } = await checkout.pulumi("stack", "output", "--json", "--stack", "local");
    assert.match(stdout, /"outcome": "unchanged"/);
    assert.match(await checkout.ask("galena", "readlink -f /run/current-system"), /-nixos-system-galena-/);
  });

  it("is not installed again", async () => {
    const machineId = await checkout.ask("galena", "cat /etc/machine-id");
    const again = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    assert.equal(await checkout.ask("galena", "cat /etc/machine-id"), machineId);
    const refreshed = await checkout.pulumi("up", "--yes", "--stack", "local", "--refresh", "--expect-no-changes");
    assert.equal(refreshed.code, 0, refreshed.text);
    assert.equal((await metadataKeys()).includes("ssh-keys"), false);
  });

  it("is installed anew when its VM was deleted by hand: the new one's key is asked of the cloud, the old one's not trusted", async () => {
    const machineId = await checkout.ask("galena", "cat /etc/machine-id");
    assert.equal((await checkout.sim("cloud", "delete", "galena")).code, 0);
    // The next one has a key of its own, which the simulation also writes to the vars; those have the machine's.
    const published = ".state/sim/vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value";
    const pinned = await readFile(join(checkout.root, published), "utf8");
    await rm(join(checkout.root, ".state/sim/host-keys/galena"));
    const preview = await checkout.pulumi("preview", "--stack", "local");
    assert.match(preview.text, /its VM in \S+ is gone with its disk of 100 GB: deleted by ops@fleet\.example at /);
    assert.match(preview.text, /`pulumi up --refresh` makes a new one and installs it/);
    const refreshed = await checkout.pulumi("preview", "--stack", "local", "--refresh");
    assert.match(refreshed.text, /galena-node-vm +create/);
    assert.match(refreshed.text, /install: wipes \/dev\/sda of the new VM/);
    const up = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview", "--refresh");
    assert.equal(up.code, 0, up.text);
    assert.match(up.text, /galena-installation updated/);
    assert.match(up.text, /galena-closure updated/);
    assert.match(up.text, /installed: wiped \/dev\/sda/);
    assert.equal((await metadataKeys()).includes("ssh-keys"), false, "the first login has ended again");
    const { stdout } = await checkout.pulumi("stack", "output", "--json", "--stack", "local");
    assert.match(stdout, /"outcome": "unchanged"/);
    await checkout.write(published, pinned);
    const shown = await checkout.fleet("ssh", "galena", "--stack", "local", "--", "cat /etc/machine-id");
    assert.equal(shown.code, 0, shown.text);
    assert.notEqual(shown.stdout.trim(), machineId);
  });
});
