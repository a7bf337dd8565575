import assert from "node:assert/strict";
import { parsePulumiArguments } from "../../scripts/lib/pulumi-arguments.ts";
import { type PulumiSituation, planPulumiRun } from "../../scripts/lib/pulumi-run.ts";

const plan = (line: string, situation: Partial<PulumiSituation> = {}) => {
  const args = line.split(" ");
  return planPulumiRun(args, parsePulumiArguments(args), { existing: ["local"], ...situation });
};

describe("the stack a Pulumi command line means", () => {
  for (const line of [
    "up -s core",
    "up -score",
    "up -s=core",
    "up --stack core",
    "up --stack=core",
    "-v 3 up --stack core",
    "up -ys core",
  ])
    it(`is core in "${line}"`, () => assert.equal(parsePulumiArguments(line.split(" ")).stack, "core"));

  it("may be named by the verbs of stack itself", () => {
    assert.equal(parsePulumiArguments(["stack", "rm", "core", "--yes"]).stack, "core");
    assert.equal(parsePulumiArguments(["stack", "output", "core"]).stack, undefined);
  });

  it("is not looked for behind --", () => {
    assert.equal(parsePulumiArguments(["import", "--", "-s", "core"]).stack, undefined);
  });

  it("is the option's, else the variable's, else the selected one, else local", () => {
    assert.equal(plan("up -s local", { stackVariable: "core" }).local, true);
    assert.equal(plan("up", { stackVariable: "local", selected: "core" }).local, true);
    assert.equal(plan("up", { selected: "core" }).local, false);
    assert.equal(plan("up", { selected: "local" }).defaultStack, undefined);
    assert.equal(plan("up").defaultStack, "local");
    assert.equal(plan("up -s organization/pulumi-clan/local").local, true);
  });
});

describe("a run of the Pulumi CLI", () => {
  it("gets nothing of the simulation for another stack", () => {
    const run = plan("up -s core");
    assert.deepEqual(run, {
      args: ["up", "-s", "core"],
      local: false,
      createStack: false,
      cloud: false,
      takesConfigFile: false,
    });
  });

  it("gets none either for help, another project, or a command without stack", () => {
    for (const line of ["up --help", "-C elsewhere up", "version", "login", "plugin ls"])
      assert.equal(plan(line).local, false, line);
    assert.equal(planPulumiRun([], parsePulumiArguments([]), { existing: [] }).local, false);
  });

  it("attaches the cloud to commands that call providers, whatever their name", () => {
    for (const line of ["up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "--color never up"])
      assert.equal(plan(line).cloud, true, line);
    for (const line of ["config", "stack output", "state delete x"]) assert.equal(plan(line).cloud, false, line);
  });

  it("makes local first when it is missing, unless the command makes, lists or removes stacks", () => {
    assert.equal(plan("preview", { existing: ["core"] }).createStack, true);
    assert.equal(plan("stack select local", { existing: [] }).createStack, true);
    for (const line of ["stack init local", "stack ls", "stack rm local"])
      assert.equal(plan(line, { existing: [] }).createStack, false, line);
    assert.equal(plan("preview", { existing: ["organization/pulumi-clan/local"] }).createStack, false);
  });

  it("keeps the committed configuration of local when the stack is removed", () => {
    assert.deepEqual(plan("stack rm local --yes").args, ["stack", "rm", "local", "--yes", "--preserve-config"]);
    assert.deepEqual(plan("stack rm core").args, ["stack", "rm", "core"]);
  });

  it("leaves a configuration file of the user's alone", () => {
    assert.equal(plan("up").takesConfigFile, true);
    assert.equal(plan("up --config-file mine.yaml").takesConfigFile, false);
    assert.equal(plan("up --config-file=mine.yaml").takesConfigFile, false);
  });
});
