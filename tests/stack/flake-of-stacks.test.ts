import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { flakeOfStacks } from "../../stack/flake-of-stacks.ts";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";

const project = { "Pulumi.yaml": "name: lab\nruntime: nodejs\n" };
const adopts = (flake: string) => `config:\n  pulumi-clan:flake: ${flake}\n`;

async function flakeOf(files: Readonly<Record<string, string>>, name?: string): Promise<string | undefined> {
  await using folder = await TemporaryFolder.make();
  await folder.write(files);
  return (await flakeOfStacks(folder.path, name)).flake;
}

describe("the flake that a project adopts", () => {
  it("is the one that its stacks name", async () => {
    assert.equal(await flakeOf({ ...project, "Pulumi.core.yaml": adopts("./infra") }), "./infra");
    const two = { "Pulumi.core.yaml": adopts("./infra"), "Pulumi.edge.yaml": adopts("./infra") };
    assert.equal(await flakeOf({ ...project, ...two, "Pulumi.new.yaml": "config: {}\n" }), "./infra");
  });

  it("is the named stack's, where they name several", async () => {
    const two = { ...project, "Pulumi.core.yaml": adopts("./infra"), "Pulumi.edge.yaml": adopts("./edge") };
    assert.equal(await flakeOf(two), undefined, "nobody can tell which is meant");
    assert.equal(await flakeOf(two, "edge"), "./edge");
  });

  it("comes with the settings that its stack has for it", async () => {
    await using folder = await TemporaryFolder.make();
    const settings = "  pulumi-clan:overrideInputs: { nixpkgs: ./nixpkgs }\n  pulumi-clan:impure: true\n";
    await folder.write({ ...project, "Pulumi.core.yaml": adopts("./infra") + settings });
    const { flake, overrideInputs, impure } = await flakeOfStacks(folder.path, undefined);
    assert.deepEqual(
      { flake, overrideInputs, impure },
      {
        flake: "./infra",
        overrideInputs: { nixpkgs: "./nixpkgs" },
        impure: true,
      },
    );
  });

  it("is none where no stack is", async () => {
    assert.equal(await flakeOf({ "flake.nix": "{ }" }), undefined);
    assert.equal(await flakeOf(project), undefined);
  });
});
