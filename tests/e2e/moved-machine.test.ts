import assert from "node:assert/strict";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { standInEnvironment } from "../../sim/gcp/stand-in-environment.ts";
import { startGcpStandIn } from "../../sim/gcp/start-gcp-stand-in.ts";
import { simState } from "../../sim/hosts/sim-state.ts";
import { Checkout } from "./support/checkout.ts";
import { type ObjectStore, startObjectStore } from "./support/object-store.ts";
import type { Ended } from "./support/run.ts";
import { workflowStep } from "./support/workflow.ts";

const password = "sudo-password-of-this-test";
const passphrase = "passphrase-of-this-test";
const stateSchema = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ urn: z.string(), id: z.string().optional(), outputs: z.looseObject({}).optional() }))
      .default([]),
  }),
});

describe("two stacks with their states in a bucket", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  const cleanup = new AsyncDisposableStack();
  let bucket: ObjectStore;

  before(async () => {
    bucket = cleanup.use(await startObjectStore());
    checkout = cleanup.use(await Checkout.create());
    const cloud = cleanup.use(await startGcpStandIn(() => undefined, simState(join(checkout.root, ".state/sim"))));
    Object.assign(checkout.environment, bucket.environment, {
      ...standInEnvironment(cloud),
      PULUMI_CONFIG_PASSPHRASE: passphrase,
    });
    const local = await readFile(join(checkout.root, "Pulumi.local.yaml"), "utf8");
    const settings = local.replace(/^encryptionsalt: .*\n/m, "");
    const machines = (list: string): string => settings.replace(/machines: \[.*\]/, `machines: [${list}]`);
    await checkout.write("Pulumi.east.yaml", machines("cinnabar, galena"));
    await checkout.write(
      "Pulumi.west.yaml",
      machines("stibnite").replace("config:\n", "config:\n  pulumi-clan:after: [east]\n"),
    );
    await checkout.edit("Pulumi.local.yaml", "[cinnabar, stibnite, galena]", "[stibnite]");
    await done(checkout.sim("up", "cinnabar"));
    for (const stack of ["east", "west"]) await done(checkout.pulumi("stack", "init", stack));
    await done(checkout.pulumi("config", "set", "--stack", "east", "--secret", "pulumi-clan:sudoPassword", password));
    await done(up("east"));
  });
  after(() => cleanup.disposeAsync());

  const done = async (command: Promise<Ended>): Promise<Ended> => {
    const ended = await command;
    assert.equal(ended.code, 0, ended.text);
    return ended;
  };
  const up = (stack: string): Promise<Ended> => checkout.pulumi("up", "--yes", "--skip-preview", "--stack", stack);
  const ofGalena = async (stack: string) => {
    const { stdout } = await done(checkout.pulumi("stack", "export", "--stack", stack));
    const { resources } = stateSchema.parse(JSON.parse(stdout)).deployment;
    return resources.filter(({ urn }) => urn.includes("::galena"));
  };
  const idOfVm = async (stack: string): Promise<string | undefined> =>
    (await ofGalena(stack)).find(({ urn }) => urn.endsWith("::galena-node-vm"))?.id;
  const owner = (): Promise<string> => checkout.ask("galena", "cat /nix/var/pulumi-clan/owner.json");
  const generation = (): Promise<string> => checkout.ask("galena", "readlink /nix/var/nix/profiles/system");

  it("hold no secret in plain text, in the states or beside them", async () => {
    const texts = await bucket.contents();
    const paths = [...texts.keys()];
    assert.ok(
      paths.some((path) => path.includes("stacks/pulumi-clan/east.json")),
      paths.join(" "),
    );
    assert.ok(
      paths.some((path) => path.includes("history/pulumi-clan/east")),
      paths.join(" "),
    );
    const keys = await Array.fromAsync(glob("**/*_ed25519", { cwd: join(checkout.root, ".state/sim") }));
    assert.ok(keys.length > 0, "the simulation has private keys");
    const bodies = keys.map(
      async (key) => (await readFile(join(checkout.root, ".state/sim", key), "utf8")).split("\n")[2],
    );
    const secrets = [password, passphrase, "PRIVATE KEY", ...(await Promise.all(bodies))];
    for (const [path, text] of texts)
      for (const secret of secrets) assert.ok(secret !== undefined && !text.includes(secret), `${path}: ${secret}`);
  });

  it("refuse to move a machine that the files still give to the one, or not yet to the other", async () => {
    const ended = await checkout.fleet("move", "galena", "--to", "west", "--yes");
    assert.equal(ended.code, 1, ended.text);
    assert.match(ended.text, /Pulumi\.west\.yaml does not have galena/);
    assert.match(ended.text, /Pulumi\.east\.yaml still has galena/);
    assert.equal((await ofGalena("west")).length, 0);
  });

  it("move a machine with its node, which stays the same, and touch nothing", async () => {
    const [vm, before] = [await idOfVm("east"), await generation()];
    await checkout.edit("Pulumi.east.yaml", "[cinnabar, galena]", "[cinnabar]");
    await checkout.edit("Pulumi.west.yaml", "[stibnite]", "[galena]");
    const early = await up("east");
    assert.notEqual(early.code, 0, early.text);
    assert.match(early.text, /galena is now in Pulumi\.west\.yaml, and still in the state of stack east/);
    assert.match(early.text, /fix: +fleet move galena --to west/);
    const dry = await done(checkout.fleet("move", "galena", "--to", "west", "--dry-run"));
    assert.match(dry.text, /galena: from stack east to west:\n(?:.*\n)*.*::galena-node-vm\n/);
    assert.equal(await idOfVm("east"), vm);
    await done(checkout.fleet("move", "galena", "--to", "west", "--yes"));
    assert.deepEqual([(await ofGalena("east")).length, await idOfVm("west")], [0, vm]);
    assert.match(await owner(), /"stack": ?"east"/);
    assert.equal(await generation(), before);
    assert.match((await done(checkout.fleet("move", "galena", "--to", "west", "--yes"))).text, /nothing to move/);
  });

  it("have the former one forget it without a word to the host", async () => {
    const ended = await done(up("east"));
    assert.doesNotMatch(ended.text, /galena-(?:node|closure)/);
    assert.match(await owner(), /"stack": ?"east"/);
  });

  it("have the new one take the host over by itself: neither the node nor the system changes", async () => {
    const before = await generation();
    const ended = await done(up("west"));
    assert.doesNotMatch(ended.text, /galena-node-vm (?:created|deleted|replaced)/, ended.text);
    assert.match(await owner(), /"stack": ?"west"/);
    assert.equal(await generation(), before);
    const again = await done(checkout.pulumi("preview", "--stack", "west", "--expect-no-changes"));
    assert.doesNotMatch(again.text, /goes first/);
  });

  it("say which machine of the other one is to be deployed first, and for which service", async () => {
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "61");
    const ended = await done(checkout.pulumi("preview", "--stack", "west"));
    assert.match(
      ended.text,
      /warning: stack east goes first: cinnabar \(zerotier: controller.*\) does not run yet what the fleet declares/,
    );
    await checkout.edit("modules/nixos/base/heartbeat.ts", "61", "60");
  });

  it("keep the resources of a machine whose node is off, skipped, and go on where they were when it is on", async () => {
    const before = (await ofGalena("west")).map(({ urn }) => urn);
    await checkout.edit("Pulumi.west.yaml", /(galena:\s+\{?\s*power: )"?on"?/, '$1"off"');
    await done(up("west"));
    const off = await ofGalena("west");
    assert.deepEqual(off.map(({ urn }) => urn).sort(), before.sort());
    assert.equal(off.find(({ urn }) => urn.endsWith("::galena-closure"))?.outputs?.["outcome"], "skipped");
    await done(checkout.pulumi("preview", "--stack", "west", "--expect-no-changes"));
  });

  it("are previewed, deployed and watched by the workflows' own commands, with nobody to answer", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "runner-"));
    const summary = join(temporary, "summary.md");
    const environment = { STACK: "east", RUNNER_TEMP: temporary, GITHUB_STEP_SUMMARY: summary, CI: "true" };
    const run = async (workflow: string, step: string): Promise<Ended> =>
      checkout.bash(await workflowStep(checkout.root, workflow, step), environment);
    await done(run("fleet-drift.yml", "Drift"));
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "62");
    const before = await bucket.contents();
    await done(run("fleet-preview.yml", "Preview"));
    assert.deepEqual(await bucket.contents(), before, "a preview writes nothing");
    const comment = await readFile(join(temporary, "comment-east.md"), "utf8");
    assert.match(comment, /^### Plan: minerals, stack east\n/);
    assert.match(comment, /^\| `cinnabar` \| reachable \| update /m);
    assert.match(comment, /<summary>preview<\/summary>[\s\S]*cinnabar-closure/);
    assert.match(comment, /^As a page with a map of the fleet: artifact `plan-east` of \[this run\]/m);
    const page = await readFile(join(temporary, "plan-east.html"), "utf8");
    assert.match(page, /^<!doctype html>/i);
    assert.match(page, /cinnabar/);
    const drift = await run("fleet-drift.yml", "Drift");
    assert.notEqual(drift.code, 0, drift.text);
    await done(run("fleet-up.yml", "Up"));
    assert.match(await readFile(summary, "utf8"), /"cinnabar": \{[^}]*"outcome": "switched"/);
    assert.match(await checkout.ask("cinnabar", "systemctl show heartbeat.service --property=ExecStart"), / 62 /);
    await done(run("fleet-drift.yml", "Drift"));
    await rm(temporary, { recursive: true });
  });

  it("give other programs the public vars of their machines", async () => {
    const { stdout } = await done(checkout.pulumi("stack", "output", "publicVars", "--json", "--stack", "east"));
    const { perMachine } = z
      .object({ perMachine: z.record(z.string(), z.record(z.string(), z.string())) })
      .parse(JSON.parse(stdout));
    assert.deepEqual(Object.keys(perMachine), ["cinnabar"]);
    assert.match(perMachine["cinnabar"]?.["openssh/ssh.id_ed25519.pub"] ?? "", /^ssh-ed25519 AAAA/);
  });

  it("keep their hosts when one is renamed: the mark of the former name is taken for its own, once", async () => {
    const marked = (stack: string): Promise<string> =>
      checkout.ask("cinnabar", `grep -c '"stack": *"${stack}"' /nix/var/pulumi-clan/owner.json || true`);
    const profile = "readlink /nix/var/nix/profiles/system";
    const before = await checkout.ask("cinnabar", profile);
    await done(checkout.pulumi("stack", "rename", "orient", "--stack", "east"));
    assert.equal(await marked("east"), "1");
    const ended = await done(up("orient"));
    assert.match(ended.text, /cinnabar-closure updated/);
    assert.deepEqual([await marked("orient"), await checkout.ask("cinnabar", profile)], ["1", before]);
    await done(checkout.pulumi("preview", "--stack", "orient", "--expect-no-changes"));
  });
});
