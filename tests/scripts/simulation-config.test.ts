import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { simulationConfig } from "../../scripts/lib/simulation-config.ts";

const committed = join(import.meta.dirname, "..", "..", "Pulumi.local.yaml");
const all = [
  "argentum",
  "blackphos",
  "cinnabar",
  "electrum",
  "galena",
  "magnetite",
  "pyrite",
  "rosegold",
  "scheelite",
  "stibnite",
];

describe("the generated configuration of local", () => {
  it("lists every machine that has an address or is a node, and changes nothing else", async () => {
    const text = await readFile(committed, "utf8");
    const before = parse(text);
    const after = parse(simulationConfig(text, { all: true }));
    assert.deepEqual(after, { ...before, config: { ...before.config, "pulumi-clan:machines": all } });
  });

  it("points to the simulation it is for", async () => {
    const { config } = parse(
      simulationConfig(await readFile(committed, "utf8"), { all: false, simulation: "/elsewhere" }),
    );
    assert.equal(config["pulumi-clan:vars"], "/elsewhere/vars");
    assert.equal(config["pulumi-clan:identityFile"], "/elsewhere/operator_ed25519");
    assert.equal(config["pulumi-clan:systemBuilder"], "sim/system");
  });
});
