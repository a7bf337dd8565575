import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { AuthoringPlan, MachineRequest } from "../../../clan/authoring/plan-machine.ts";
import { planMachine } from "../../../clan/authoring/plan-machine.ts";
import { planService } from "../../../clan/authoring/plan-service.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { edit, type Files, soundFleet } from "../checks/support/sound-fleet.ts";
import { galena, temporaryFleet } from "../support/temporary-fleet.ts";

/** The texts that the plan makes of a fleet's files, by path. */
async function planned(files: Files, request: Partial<MachineRequest> = {}): Promise<Files> {
  await using fleet = await temporaryFleet(files);
  return textsOf(planMachine(await readFleet(fleet.root), { name: "beryl", class: "nixos", ...request }));
}

function textsOf({ changes }: AuthoringPlan): Files {
  return Object.fromEntries(changes.map(({ path, after }) => [path, after ?? ""]));
}

const registryOf = (
  machines: string,
  args = "({ config }) => ",
): string => `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(${args}(${machines}));
`;
const bodies = registryOf(
  '{ flake: { modules: { nixos: { "machines/nixos/galena": {}, "machines/nixos/electrum": {} } } } }',
  "() => ",
);

describe("a planned machine", function () {
  this.timeout(60_000);

  it("is stated in files of its own where each machine has one", async () => {
    const texts = await planned({ "modules/galena.ts": galena }, { targetHost: "root@beryl.zt", tags: ["peer"] });
    assert.deepEqual(Object.keys(texts), [
      "modules/clan/inventory/machines.ts",
      "modules/clan/machines.ts",
      "modules/machines/nixos/beryl/default.ts",
    ]);
    assert.equal(
      texts["modules/clan/machines.ts"],
      `import { flakeModule } from "pulumi-clan/author";

/** The registry: what makes a machine of which entry. */
export default flakeModule(({ config }) => {
  const { nixos } = config.flake.modules;
  return {
    clan: {
      machines: {
        beryl: {
          nixpkgs: { hostPlatform: "x86_64-linux" },
          imports: [nixos["machines/nixos/beryl"]],
        },
      },
    },
  };
});
`,
    );
  });

  it("takes over what two others have in common, and nothing that one of them may have for itself", async () => {
    const { beryl, opal } = {
      beryl: (await planned(soundFleet, { tags: undefined }))["modules/clan/inventory.ts"],
      opal: (await planned(soundFleet, { name: "opal", class: "darwin" }))["modules/clan/inventory.ts"],
    };
    assert.match(beryl ?? "", /beryl: \{ tags: \["cloud"\], deploy/);
    assert.match(opal ?? "", /opal: \{ machineClass: "darwin", deploy: \{ targetHost: "crs58@opal\.zt" \} \}/);
    const tagged = edit(
      "modules/clan/inventory.ts",
      'machineClass: "darwin", ',
      'machineClass: "darwin", tags: ["controller"], ',
    );
    const alone = (await planned(tagged, { name: "opal", class: "darwin" }))["modules/clan/inventory.ts"];
    assert.match(alone ?? "", /opal: \{ machineClass: "darwin", deploy/);
  });

  it("is registered beside the others where the file writes them out, however it comes by its references", async () => {
    const one = (name: string, reference: string): string =>
      `${name}: { nixpkgs: { hostPlatform: "aarch64-linux" }, imports: [${reference}["machines/nixos/${name}"]] }`;
    const inventory = registryOf("{ clan: { inventory: { machines: { galena: {}, electrum: {} } } } }", "() => ");
    const modules = "config.flake.modules.nixos";
    const registry = registryOf(
      `{\n  clan: { machines: { ${one("galena", modules)}, ${one("electrum", modules)} } },\n}`,
    );
    const texts = await planned({
      "modules/bodies.ts": bodies,
      "modules/inventory.ts": inventory,
      "modules/registry.ts": registry,
    });
    const broken = (name: string): string => `      ${name}: {
        nixpkgs: { hostPlatform: "aarch64-linux" },
        imports: [config.flake.modules.nixos["machines/nixos/${name}"]],
      },
`;
    // None of them fits on a line of its own.
    const machines = ["galena", "electrum", "beryl"].map(broken).join("");
    assert.equal(texts["modules/registry.ts"], registryOf(`{\n  clan: {\n    machines: {\n${machines}    },\n  },\n}`));
    assert.match(texts["modules/inventory.ts"] ?? "", /electrum: \{\}, beryl: \{\}/);
  });

  it("gets a file of its own beside a registry that a function makes", async () => {
    const made = `import { flakeModule } from "pulumi-clan/author";
const names = ["galena", "electrum"];
export default flakeModule(({ config }) => ({
  clan: {
    machines: Object.fromEntries(
      names.map((name) => [name, { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [config.flake.modules.nixos[\`machines/nixos/\${name}\`]] }]),
    ),
    inventory: { machines: Object.fromEntries(names.map((name) => [name, { deploy: { targetHost: \`root@\${name}\` } }])) },
  },
}));
`;
    const texts = await planned({ "modules/bodies.ts": bodies, "modules/clan/machines.ts": made });
    assert.deepEqual(Object.keys(texts), [
      "modules/clan/inventory/machines.ts",
      "modules/clan/machines/beryl.ts",
      "modules/machines/nixos/beryl/default.ts",
    ]);
    assert.match(texts["modules/clan/inventory/machines.ts"] ?? "", /deploy: \{ targetHost: "root@beryl" \}/);
  });

  it("is named in a stack that names its machines, in the stack's own layout", async () => {
    const stacks = {
      "Pulumi.flow.yaml": "config:\n  pulumi-clan:machines: [ galena ] # all of them\n",
      "Pulumi.block.yaml":
        "config:\n  # one a line\n  pulumi-clan:machines:\n    - galena # the first\n  pulumi-clan:x: 1\n",
      "Pulumi.none.yaml": "config:\n  pulumi-clan:machines: []\n",
      "Pulumi.tag.yaml": 'config:\n  pulumi-clan:machines: ["tag:peer"]\n',
      "Pulumi.all.yaml": "config:\n  pulumi-clan:policy: {}\n",
    };
    const files = { "modules/galena.ts": galena, ...stacks };
    const stack = async (name: string) =>
      (await planned(files, { stack: name, tags: ["peer"] }))[`Pulumi.${name}.yaml`];
    assert.equal(await stack("flow"), "config:\n  pulumi-clan:machines: [ galena, beryl ] # all of them\n");
    assert.equal(
      await stack("block"),
      "config:\n  # one a line\n  pulumi-clan:machines:\n    - galena # the first\n    - beryl\n  pulumi-clan:x: 1\n",
    );
    assert.equal(await stack("none"), "config:\n  pulumi-clan:machines: [beryl]\n");
    assert.equal(await stack("tag"), undefined);
    assert.equal(await stack("all"), undefined);
    await assert.rejects(stack("../../etc"), /cannot take the machine/);
  });

  it("needs no inventory where no clan reads one", async () => {
    const fleet = `import { defineFleet, importTree } from "pulumi-clan/author";
export default defineFleet({ name: "plain", systems: ["x86_64-linux"], imports: [importTree("modules")], inputs: {}, registry: "plain" });
`;
    const registry = registryOf(
      '{ flake: { modules: { nixos: { a: {} } } }, clan: { machines: { galena: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [config.flake.modules.nixos.a] } } } }',
    );
    const texts = await planned({ "fleet.ts": fleet, "modules/machines.ts": registry });
    assert.deepEqual(Object.keys(texts), ["modules/machines.ts", "modules/machines/nixos/beryl/default.ts"]);
  });
});

describe("a planned service", () => {
  it("made of the fleet's own entries refers to them, and has a name that a file may have", async () => {
    await using fleet = await temporaryFleet({ "modules/galena.ts": galena });
    const request = {
      role: "default",
      tags: ["all"],
      machines: [],
      settings: {},
      imports: ["nixos/machines/nixos/galena"],
    };
    const read = await readFleet(fleet.root);
    const texts = textsOf(planService(read, { ...request, name: "own" }));
    assert.match(
      texts["modules/clan/inventory/services/own.ts"] ?? "",
      /const \{ nixos \} = config\.flake\.modules;[\s\S]*module: \{ description: "own", imports: \[nixos\["machines\/nixos\/galena"\]\] \}/,
    );
    assert.throws(() => planService(read, { ...request, name: "../../own" }), /no name for an instance/);
  });
});
