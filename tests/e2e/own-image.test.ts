import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { Checkout } from "./support/checkout.ts";
import type { Ended } from "./support/run.ts";

const cloudSchema = z.object({
  resources: z.record(z.string(), z.object({ inputs: z.looseObject({}), outputs: z.looseObject({}) })),
});

describe("a cloud node that boots an image of its own system", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar, stibnite, galena]", "machines: [galena]");
    const zones = 'zones: ["us-central1-b"],';
    await checkout.edit("modules/nodes/gcp.ts", zones, `${zones} image: { fromClosure: true },`);
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0); // its keys are those of the node, too
  });
  after(() => checkout[Symbol.asyncDispose]());

  const up = (...args: string[]): Promise<Ended> =>
    checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview", ...args);
  /** What Google has. */
  const cloud = async () =>
    cloudSchema.parse(JSON.parse(await readFile(join(checkout.root, ".state/sim/gcp.json"), "utf8"))).resources;

  it("is made from what was built here, sent to a bucket of its own, and read from there", async () => {
    const made = await up();
    assert.equal(made.code, 0, made.text);
    const resources = await cloud();
    const [object = ""] = Object.keys(resources).filter((id) => id.startsWith("b/"));
    const [, hash = ""] = /^b\/minerals-lab-galena-image\/o\/galena-([0-9a-z]{32})\.raw\.tar\.gz$/.exec(object) ?? [];
    assert.match(
      made.text,
      new RegExp(`sends /nix/store/${hash}-google-compute-image/\\S+ to gs://minerals-lab-galena-image`),
    );
    const image = "projects/minerals-lab/global/images/galena-closure";
    const source = `https://storage.googleapis.com/minerals-lab-galena-image/galena-${hash}.raw.tar.gz`;
    assert.deepEqual(resources[image]?.inputs["rawDisk"], { source });
    const vm = resources["projects/minerals-lab/zones/us-central1-b/instances/galena"];
    const bootDisk = z.object({ initializeParams: z.object({ image: z.string() }) }).parse(vm?.inputs["bootDisk"]);
    assert.equal(bootDisk.initializeParams.image, `https://www.googleapis.com/compute/v1/${image}`);
    const metadata = Object.keys(z.record(z.string(), z.string()).parse(vm?.inputs["metadata"]));
    const denying = ["block-project-ssh-keys", "enable-guest-attributes", "enable-oslogin"];
    assert.deepEqual(metadata.sort(), denying, "its system says who may log in");
    assert.doesNotMatch(made.text, /galena-installation/);
    assert.match(made.text, /galena-closure created/);
  });

  it("keeps image and VM when its system changes: that is deployed to it", async () => {
    const again = await up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    const before = Object.keys(await cloud()).sort();
    const defined = "modules/machines/nixos/galena/default.ts";
    await checkout.edit(
      defined,
      /networking: \{/,
      'environment: { etc: { "of-today": { text: "opal" } } }, networking: {',
    );
    const changed = await up();
    assert.equal(changed.code, 0, changed.text);
    assert.match(changed.text, /galena-closure updated/);
    assert.doesNotMatch(changed.text, /galena-node-(?:vm|image|closure-image|bucket) (?:updated|created|replaced)/);
    assert.deepEqual(Object.keys(await cloud()).sort(), before);
    assert.equal(await checkout.ask("galena", "cat /etc/of-today"), "opal");
  });

  it("goes with image, object and bucket", async () => {
    const absent = 'galena: { power: "absent", confirmDestroy: galena }';
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', absent);
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.deepEqual(Object.keys(await cloud()), []);
  });
});
