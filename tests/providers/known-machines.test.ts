import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { knownMachines } from "../../providers/known-machines.ts";
import { declared } from "../deploy/support/facts.ts";

const type = "pulumi-nodejs:dynamic/clan:SystemClosure";

describe("what a stack's state knows of its machines", () => {
  it("is read from the state of the first release, which kept no reasons", async () => {
    const text = await readFile(join(import.meta.dirname, "states/v0.1.json"), "utf8");
    const resources = z.array(z.looseObject({ type: z.string(), outputs: z.unknown() }));
    const { deployment } = z.object({ deployment: z.looseObject({ resources }) }).parse(JSON.parse(text));
    const [[, known] = []] = [...knownMachines(deployment.resources)];
    assert.equal(known?.generation, 41);
    assert.deepEqual([known?.outcome, known?.madeFrom, known?.takeOver], ["switched", undefined, false]);
  });

  it("leaves out what is no machine's system, and knows nothing of one that it cannot read", () => {
    const known = knownMachines([
      { type: "pulumi:pulumi:Stack", outputs: { machine: "nobody" } },
      { type, outputs: { running: declared } },
      { type, outputs: { machine: "galena", running: declared, policy: { takeOver: true }, __madeFrom: "text" } },
      { type, outputs: { machine: "cinnabar", running: 3, policy: "of old" } },
    ]);
    assert.deepEqual([...known.keys()], ["galena", "cinnabar"]);
    assert.equal(known.get("galena")?.running, declared);
    assert.deepEqual([known.get("galena")?.madeFrom, known.get("galena")?.takeOver], ["text", true]);
    assert.deepEqual([known.get("cinnabar")?.running, known.get("cinnabar")?.takeOver], [undefined, false]);
  });
});
