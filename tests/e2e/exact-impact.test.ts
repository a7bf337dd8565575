import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { Checkout } from "./support/checkout.ts";

const run = promisify(execFile);
const previewSchema = z.object({
  steps: z.array(
    z.object({
      urn: z.string(),
      newState: z.object({ inputs: z.looseObject({ toplevel: z.unknown(), machine: z.unknown() }) }),
    }),
  ),
});
const magnetite = "modules/machines/nixos/magnetite/default.ts";
const side = z.object({ toplevel: z.string(), drvPath: z.string() });
const impactSchema = z.object({
  by: z.literal("derivations"),
  machines: z.record(z.string(), z.object({ change: z.string(), before: side, after: side })),
});

describe("fleet impact --exact", function () {
  this.timeout(240_000);
  let checkout: Checkout;

  before(async () => {
    checkout = await Checkout.create();
    checkout.environment["PULUMI_CONFIG_PASSPHRASE"] = "of this test";
    await checkout.edit("Pulumi.core.yaml", "config:\n", "config:\n  pulumi-clan:systemBuilder: sim/system\n");
    const ended = await checkout.pulumi("stack", "init", "core");
    assert.equal(ended.code, 0, ended.text);
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    await run("git", [...identity, "commit", "--quiet", "--all", "-m", "before"], { cwd: checkout.root });
  });
  after(() => checkout[Symbol.asyncDispose]());

  /** Machine → the system that a preview would deploy. */
  const previewed = async (): Promise<Record<string, unknown>> => {
    const ended = await checkout.pulumi("preview", "--stack", "core", "--json");
    assert.equal(ended.code, 0, ended.text);
    const { steps } = previewSchema.parse({
      steps: z
        .object({ steps: z.array(z.looseObject({ urn: z.string() })) })
        .parse(JSON.parse(ended.stdout))
        .steps.filter(({ urn }) => urn.includes(":SystemClosure::")),
    });
    return Object.fromEntries(steps.map(({ newState: { inputs } }) => [String(inputs.machine), inputs.toplevel]));
  };
  const exact = async (...args: readonly string[]): Promise<z.output<typeof impactSchema>> => {
    const ended = await checkout.fleet("impact", "--exact", "--json", "--stack", "core", ...args);
    assert.equal(ended.code, 0, ended.text);
    return impactSchema.parse(JSON.parse(ended.stdout));
  };

  it("finds the systems that preview finds, before and after, and so the machines that change", async () => {
    const before = await previewed();
    await checkout.edit("modules/nixos/gitea.ts", "flakeModule({", "flakeModule({ // a remark\n");
    const remark = await exact();
    assert.deepEqual(new Set(Object.values(remark.machines).map(({ change }) => change)), new Set(["same"]));

    await checkout.edit(magnetite, "networking: {", 'environment: { etc: { lab: { text: "one" } } }, networking: {');
    const after = await previewed();
    const { machines } = await exact();
    const found = (which: "before" | "after") =>
      Object.fromEntries(Object.entries(machines).map(([name, one]) => [name, one[which].toplevel]));
    assert.deepEqual([found("before"), found("after")], [before, after]);
    const changed = Object.keys(machines).filter((name) => machines[name]?.change === "changed");
    assert.deepEqual(
      changed,
      Object.keys(before).filter((name) => before[name] !== after[name]),
    );
    assert.deepEqual(changed, ["magnetite"]);

    const narrowed = await exact("nixos/gitea");
    assert.deepEqual(Object.keys(narrowed.machines), ["magnetite"], "only machines that it reaches are evaluated");
  });

  it("shows a machine that does not evaluate as unknown, with its error, and exits 1", async () => {
    await checkout.restore();
    await checkout.edit(magnetite, "import { flakeModule }", "import { flakeModule, nix }");
    await checkout.edit(magnetite, 'hostName: "magnetite"', 'hostName: nix`throw "broken here"`');
    const ended = await checkout.fleet("impact", "--exact", "--stack", "core");
    assert.equal(ended.code, 1, ended.text);
    assert.match(
      ended.stdout,
      /^machines that differ: 1 of 3, by derivations, .*\n {2}magnetite +unknown: it does not evaluate\n$/,
    );
    assert.match(ended.stderr, /broken here/);
  });

  it("compares two revisions; without --exact there are no two states", async () => {
    await checkout.restore();
    const same = await exact("--before", "HEAD", "--after", "HEAD");
    assert.deepEqual([...new Set(Object.values(same.machines).map(({ change }) => change))], ["same"]);
    const wrong = await checkout.fleet("impact", "--before", "HEAD", "nixos/base");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /only with --exact/);
    assert.equal((await checkout.fleet("impact")).code, 2);
  });
});
