import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { planSchema } from "../../clan/plan/machine-plan.ts";
import { reservationType } from "../../sim/gcp/reservation.ts";
import { Checkout } from "./support/checkout.ts";
import type { Ended } from "./support/run.ts";

const rowSchema = z.object({ targetHost: z.string(), atNode: z.string(), outcome: z.string() });
type Row = z.output<typeof rowSchema>;
/** What `pulumi preview --import-file` writes. */
const importFileSchema = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), component: z.boolean().optional(), id: z.string().optional() })),
});

describe("a machine on a node of the cloud", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar, stibnite, galena]", "machines: [galena]");
    const zones = 'zones: ["us-central1-b", "us-central1-f"]';
    await checkout.edit("modules/nodes/gcp.ts", 'zones: ["us-central1-b"]', zones);
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0); // its keys are those of the node, too
  });
  after(() => checkout[Symbol.asyncDispose]());

  const up = (...args: string[]): Promise<Ended> =>
    checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview", ...args);
  const faults = (...list: object[]): Promise<void> =>
    checkout.write(".state/sim/gcp-faults.json", JSON.stringify({ faults: list }));
  /** Reservations end by themselves. */
  const anHourPasses = async (): Promise<void> => {
    const cloud = z
      .looseObject({ resources: z.record(z.string(), z.looseObject({ type: z.string() })) })
      .parse(JSON.parse(await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8")));
    const left = Object.entries(cloud.resources).filter(([, { type }]) => type !== reservationType);
    assert.equal(Object.keys(cloud.resources).length - left.length, 1);
    await checkout.write(".state/sim/gcp.json", JSON.stringify({ ...cloud, resources: Object.fromEntries(left) }));
  };
  const run = promisify(execFile);
  /** The declared host is asked for five seconds, which under load is not always enough: then it is done again. */
  const inTime = async <T>(act: () => Promise<T>, isWanted: (done: T) => boolean): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const done = await act();
      if (attempt === 6 || isWanted(done)) return done;
    }
  };
  /** What a preview says of the way to the host. @param at - expected to be dialled. */
  const dialled = (at: string): Promise<string> =>
    inTime(
      async () => {
        const { text } = await checkout.pulumi("preview", "--stack", "local");
        return /dialled: +(.*)/.exec(text)?.[1] ?? assert.fail(text);
      },
      (line) => line.split(",", 1)[0]?.includes(at) ?? false,
    );
  const outputs = async (): Promise<Record<string, Row>> => {
    const { stdout } = await checkout.pulumi("stack", "output", "machines", "--json", "--stack", "local");
    return z.record(z.string(), rowSchema).parse(JSON.parse(stdout));
  };
  let machineId = "";
  const noRoomIn = (zone: string) => ({ kind: "capacity", zone });

  /** What `fleet plan` says of the node, as the next `up` is to make it. */
  const plannedNode = async () => {
    const ended = await checkout.fleet("plan", "--json");
    assert.equal(ended.code, 0, ended.text);
    const { machines, leaving } = planSchema.parse(JSON.parse(ended.stdout));
    const { node } = Object.values(machines)[0] ?? leaving["galena"] ?? assert.fail(ended.stdout);
    const { action, changes, zone, zonesTried, costPerMonth } = node ?? assert.fail(ended.stdout);
    return {
      action,
      changes,
      zone,
      zonesTried,
      isCheaper: (costPerMonth.after ?? Number.NaN) < (costPerMonth.before ?? Number.NaN),
    };
  };
  const inF = { before: "us-central1-f", after: "us-central1-f" };
  const stop = { action: "update", changes: ["power on → off"], zone: inF, zonesTried: [], isCheaper: true };

  it("is not made where a quota is used up or no zone has room: each is a sentence, and nothing is left behind", async () => {
    const { action, zone, zonesTried } = await plannedNode();
    const sought = ["us-central1-b", "us-central1-f"];
    assert.deepEqual([action, zone, zonesTried], ["create", { before: null, after: null }, sought]);
    await faults({ kind: "quota", metric: "CPUS", limit: 8 });
    const quota = await up();
    assert.notEqual(quota.code, 0);
    assert.match(quota.text, /galena: quota CPUS of project minerals-lab is used up/);
    await faults(noRoomIn("us-central1-b"), noRoomIn("us-central1-f"));
    const full = await up();
    assert.notEqual(full.code, 0);
    assert.match(
      full.text,
      /galena: no zone has room for e2-standard-8[\s\S]*us-central1-b: ZONE_RES[\s\S]*us-central1-f: ZONE_RES/,
    );
    assert.doesNotMatch(
      await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8").catch(() => ""),
      /instances\/galena"/,
    );
  });

  it("is made in the next zone where the first has no room, within one `up`", async () => {
    await faults(noRoomIn("us-central1-b"), { kind: "slow", seconds: 3, times: 2 });
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /us-central1-b has no room for e2-standard-8, trying us-central1-f/);
    assert.match(ended.text, /galena-closure created/);
    const cloud = await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8");
    assert.match(cloud, /zones\/us-central1-f\/instances\/galena"/);
  });

  it("is dialled where it is declared once it answers there with its key, and at its node while it does not", async () => {
    const mesh = "198.51.100.114";
    await checkout.write(".state/sim/vars/per-machine/galena/zerotier/zerotier-ip/value", `${mesh}\n`);
    const node = "root@198.51.100.14, its node's own address";
    assert.match(await dialled("198.51.100.14"), new RegExp(`${node}; root@galena\\.zt \\(${mesh}\\): `));
    await checkout.ask("galena", `ip address add ${mesh}/32 dev host0`);
    await run("ip", ["route", "add", `${mesh}/32`, "dev", "pcs-galena"]);
    const declared = `root@galena\\.zt \\(${mesh}\\), which answers with the pinned key; its node's own address is 198`;
    assert.match(await dialled(mesh), new RegExp(declared));
    const isDeclared = ({ targetHost }: Row): boolean => targetHost === "root@galena.zt";
    const row = await inTime(async () => {
      const again = await up("--expect-no-changes");
      assert.equal(again.code, 0, again.text);
      return (await outputs())["galena"] ?? assert.fail();
    }, isDeclared);
    assert.deepEqual([row.targetHost, row.atNode], ["root@galena.zt", "root@198.51.100.14"]);
    const ssh = (): Promise<Ended> => checkout.fleet("ssh", "galena", "--stack", "local", "--", "echo $SSH_CONNECTION");
    const there = await inTime(ssh, ({ stdout }) => stdout.includes(mesh));
    assert.match(there.stdout, new RegExp(` ${mesh} 22$`, "m"));
    assert.match(there.stderr, new RegExp(`^galena: dialled at ${declared}`, "m"));
    const plan = await inTime(
      () => checkout.fleet("plan", "galena", "--stack", "local"),
      ({ stdout }) => stdout.includes("which answers"),
    );
    assert.match(plan.stdout, new RegExp(`reachable[\\s\\S]*dialled: +${declared}`));
    await run("ip", ["route", "delete", `${mesh}/32`, "dev", "pcs-galena"]);
    assert.match((await ssh()).stdout, / 198\.51\.100\.14 22$/m);
  });

  it("is taken up by an import where the state was lost: the same VM, neither made nor installed anew", async () => {
    const pulumi = async (...args: readonly string[]): Promise<string> => {
      const ended = await checkout.pulumi(...args, "--stack", "local");
      assert.equal(ended.code, 0, ended.text);
      return ended.text;
    };
    const booted = await checkout.ask("galena", "cat /etc/machine-id /proc/sys/kernel/random/boot_id");
    await pulumi("stack", "rm", "--force", "--yes");
    const file = join(checkout.root, ".state/import.json");
    await pulumi("preview", "--import-file", file);
    const ids: Readonly<Record<string, string>> = {
      "galena-node-vm": "zones/us-central1-f/instances/galena",
      "galena-node-address": "regions/us-central1/addresses/galena",
      "galena-node-ssh": "global/firewalls/galena-ssh",
      "galena-node-zerotier": "global/firewalls/galena-zerotier",
    };
    const listed = importFileSchema.parse(JSON.parse(await readFile(file, "utf8")));
    const resources = listed.resources.flatMap(({ id: _, ...one }) => {
      const id = ids[one.name];
      if (id !== undefined) return [{ ...one, id: `projects/minerals-lab/${id}` }];
      return one.component === true ? [one] : [];
    });
    await checkout.write(".state/import.json", JSON.stringify({ ...listed, resources }));
    assert.match(
      await pulumi("import", "--file", file, "--protect=false", "--generate-code=false", "--yes"),
      /imported/,
    );
    await pulumi("up", "--target", "**::galena-node-placement", "--yes", "--skip-preview");
    const preview = await pulumi("preview");
    assert.match(preview, /galena-node-vm +update/);
    assert.doesNotMatch(preview, /replace/);
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /done: unchanged/);
    assert.equal(await checkout.ask("galena", "cat /etc/machine-id /proc/sys/kernel/random/boot_id"), booted);
    assert.equal((await up("--expect-no-changes")).code, 0);
  });

  it("was preempted: the preview says so, and what starts it; its disk is kept and nothing is installed", async () => {
    machineId = await checkout.ask("galena", "cat /etc/machine-id");
    assert.equal((await checkout.sim("cloud", "preempt", "galena")).code, 0);
    const preview = await checkout.pulumi("preview", "--stack", "local");
    assert.match(
      preview.text,
      /its VM in us-central1-f is TERMINATED, its disk is kept: preempted by Google at \S+ \S+ UTC;/,
    );
    assert.match(preview.text, /`pulumi up --refresh` starts it/);
    assert.match(preview.text, /galena can start in us-central1-f alone, where its disk is/);
    const refreshed = await checkout.pulumi("preview", "--stack", "local", "--refresh");
    assert.match(refreshed.text, /galena-node-vm +update/);
    const ended = await up("--refresh");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /galena-node-vm updated/);
    assert.equal(await checkout.ask("galena", "cat /etc/machine-id"), machineId);
  });

  it("stays there when the first has room again, off or on", async () => {
    await faults();
    const again = await up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    assert.doesNotMatch(again.text, /preempted/, "it runs again");
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', 'galena: { power: "off" }');
    assert.deepEqual(await plannedNode(), stop);
    await checkout.edit("modules/nodes/gcp.ts", "diskSizeGb: 100,", "diskSizeGb: 100, deletionProtection: true,");
    machineId = await checkout.ask("galena", "cat /etc/machine-id");
    assert.equal((await up()).code, 0);
    assert.equal((await outputs())["galena"]?.outcome, "skipped");
  });

  it("is not deleted because its machine left the stack, nor, although confirmed, while Google protects it", async () => {
    await checkout.edit("Pulumi.local.yaml", "machines: [galena]", "machines: [cinnabar]");
    const left = await checkout.pulumi("preview", "--stack", "local");
    assert.notEqual(left.code, 0);
    assert.match(left.text, /galena is no machine of this stack any more: its VM in \S+ would be deleted/);
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar]", "machines: [galena]");
    const [off, absent] = ['galena: { power: "off" }', 'galena: { power: "absent", confirmDestroy: galena }'];
    await checkout.edit("Pulumi.local.yaml", off, absent);
    const refused = await up();
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /galena is absent: .*, and it is protected against deletion/);
    await checkout.edit("Pulumi.local.yaml", absent, off);
    await checkout.edit("modules/nodes/gcp.ts", "diskSizeGb: 100, deletionProtection: true,", "diskSizeGb: 100,");
  });

  it("is not moved when there is no room to start it, and says so", async () => {
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "off" }', 'galena: { power: "on" }');
    assert.deepEqual(await plannedNode(), { ...stop, changes: ["power off → on"], isCheaper: false });
    await anHourPasses();
    await faults(noRoomIn("us-central1-f"));
    const start = await checkout.pulumi("preview", "--stack", "local");
    assert.match(start.text, /galena-node-vm +update/, "known before, since the zone stays");
    assert.match(start.text, /on: about \$[\d.]+ an hour.*; off: about \$[\d.]+ an hour.* \(list prices of \d{4}-/);
    assert.match(start.text, /galena can start in us-central1-f alone, where its disk is: without room there/);
    const full = await up();
    assert.notEqual(full.code, 0);
    assert.match(full.text, /instance to start: ZONE_RESOURCE_POOL_EXHAUSTED: The zone '\S+us-central1-f' does not/);
    assert.doesNotMatch(full.text, /galena-node-vm (?:updated|replaced|created)/);
    assert.match(full.text, /galena: its VM was not started, and it was not moved/);
    assert.match(full.text, /room for e2-standard-8 in us-central1-f, the only zone that has its disk/);
    await faults();
    const started = await up();
    assert.equal(started.code, 0, started.text);
    assert.match((await outputs())["galena"]?.outcome ?? "", /^(?:unchanged|switched)$/);
    assert.equal(await checkout.ask("galena", "cat /etc/machine-id"), machineId, "not installed again");
  });

  it("says before what it costs when its zone is no candidate any more", async () => {
    const [both, first] = ['zones: ["us-central1-b", "us-central1-f"]', 'zones: ["us-central1-b"]'];
    await checkout.edit("modules/nodes/gcp.ts", both, first);
    const { action, zone } = await plannedNode();
    assert.deepEqual([action, zone], ["replace", { before: "us-central1-f", after: "us-central1-b" }]);
    const unconfirmed = await checkout.pulumi("preview", "--stack", "local");
    assert.notEqual(unconfirmed.code, 0);
    assert.match(
      unconfirmed.text,
      /us-central1-f is no candidate any more, .* would be replaced, and its disk of 100 GB is lost/,
    );
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', "galena: { confirmDestroy: galena }");
    const preview = await checkout.pulumi("preview", "--stack", "local");
    assert.match(preview.text, /us-central1-f is no candidate any more: .* in us-central1-b, and its disk is lost/);
    assert.match(preview.text, /galena-node-vm +replace/);
    await checkout.edit("Pulumi.local.yaml", "galena: { confirmDestroy: galena }", 'galena: { power: "on" }');
    await checkout.edit("modules/nodes/gcp.ts", first, both);
  });

  it("goes with it, and is not contacted", async () => {
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', 'galena: { power: "absent" }');
    const deleted = await plannedNode();
    assert.deepEqual([deleted.action, deleted.zone], ["delete", { ...inF, after: null }]);
    const unconfirmed = await up();
    assert.notEqual(unconfirmed.code, 0);
    assert.match(unconfirmed.text, /galena is absent: its VM in \S+ would be deleted with its disk of 100 GB/);
    const kept = await checkout.pulumi("stack", "--stack", "local");
    assert.match(kept.text, /galena-node-vm/);
    await checkout.edit("Pulumi.local.yaml", 'power: "absent"', 'power: "absent", confirmDestroy: galena');
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /galena-node-vm deleted/);
    assert.match(ended.text, /galena-closure deleted/);
    assert.doesNotMatch(ended.text, /the host keeps running/, "delete() was not called");
    const { text } = await checkout.pulumi("stack", "--stack", "local");
    const [resources = ""] = text.split("Current stack outputs"); // its public vars are the fleet's, not the VM's
    assert.match(resources, /minerals-registry/);
    assert.doesNotMatch(resources, /galena/);
  });
});
