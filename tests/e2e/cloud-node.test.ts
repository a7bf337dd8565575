import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { reservationType } from "../../sim/gcp/reservation.ts";
import { Checkout } from "./support/checkout.ts";
import type { Ended } from "./support/run.ts";

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
  const noRoomIn = (zone: string) => ({ kind: "capacity", zone });

  it("is made in the next zone where the first has no room, within one `up`", async () => {
    await faults(noRoomIn("us-central1-b"));
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /us-central1-b has no room for e2-standard-8, trying us-central1-f/);
    assert.match(ended.text, /galena-closure created/);
    const cloud = await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8");
    assert.match(cloud, /zones\/us-central1-f\/instances\/galena"/);
  });

  it("stays there when the first has room again, and is not moved when there is none to start it", async () => {
    await faults();
    const again = await up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', 'galena: { power: "off" }');
    assert.equal((await up()).code, 0);
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "off" }', 'galena: { power: "on" }');
    await anHourPasses();
    await faults(noRoomIn("us-central1-f"));
    const start = await checkout.pulumi("preview", "--stack", "local");
    assert.match(start.text, /galena-node-vm +update/, "known before, since the zone stays");
    assert.match(start.text, /galena is started in us-central1-f, where its disk is: without room there/);
    const full = await up();
    assert.notEqual(full.code, 0);
    assert.match(full.text, /instance to start: ZONE_RESOURCE_POOL_EXHAUSTED: The zone '\S+us-central1-f' does not/);
    assert.doesNotMatch(full.text, /galena-node-vm (?:updated|replaced|created)/);
    assert.match(full.text, /galena: its VM was not started, and it was not moved/);
    assert.match(full.text, /room for e2-standard-8 in us-central1-f, the only zone that has its disk/);
    await faults();
    const started = await up();
    assert.equal(started.code, 0, started.text);
  });

  it("says before what it costs when its zone is no candidate any more", async () => {
    const [both, first] = ['zones: ["us-central1-b", "us-central1-f"]', 'zones: ["us-central1-b"]'];
    await checkout.edit("modules/nodes/gcp.ts", both, first);
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

  it("is not deleted because its machine left the stack, nor while Google protects it", async () => {
    await checkout.edit("Pulumi.local.yaml", "machines: [galena]", "machines: [cinnabar]");
    const left = await checkout.pulumi("preview", "--stack", "local");
    assert.notEqual(left.code, 0);
    assert.match(left.text, /galena is no machine of this stack any more: its VM in \S+ would be deleted/);
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar]", "machines: [galena]");
    await checkout.edit("modules/nodes/gcp.ts", "diskSizeGb: 100,", "diskSizeGb: 100, deletionProtection: true,");
    const guarded = await up("--target", "**galena-node-vm");
    assert.equal(guarded.code, 0, guarded.text);
    const absent = 'galena: { power: "absent", confirmDestroy: galena }';
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', absent);
    const refused = await up();
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /galena is absent: .*, and it is protected against deletion/);
    await checkout.edit("Pulumi.local.yaml", absent, 'galena: { power: "on" }');
    await checkout.edit("modules/nodes/gcp.ts", "diskSizeGb: 100, deletionProtection: true,", "diskSizeGb: 100,");
    const free = await up("--target", "**galena-node-vm");
    assert.equal(free.code, 0, free.text);
  });

  it("goes with it, and is not contacted", async () => {
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', 'galena: { power: "absent" }');
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
    const resources = await checkout.pulumi("stack", "--stack", "local");
    assert.doesNotMatch(resources.text, /galena/);
  });
});
