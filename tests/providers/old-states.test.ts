import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { diff, read, remove, update } from "../../providers/system-closure.impl.ts";
import type { ClosureInputs, ClosureOutputs } from "../../providers/system-closure-schema.ts";

const stateSchema = z.object({
  deployment: z.object({
    resources: z.array(
      z.looseObject({
        id: z.string(),
        inputs: z.record(z.string(), z.unknown()),
        outputs: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
});

// One file a release, as its `pulumi stack export` gave it. They are never changed: users have such states.
for (const release of ["v0.1"]) {
  describe(`a state of ${release}`, function () {
    this.timeout(30_000);
    const resource = async (): Promise<{
      id: string;
      inputs: ClosureInputs;
      outputs: ClosureOutputs;
      stored: string;
    }> => {
      const text = await readFile(join(import.meta.dirname, "states", `${release}.json`), "utf8");
      const [only] = stateSchema.parse(JSON.parse(text)).deployment.resources;
      assert.ok(only);
      // As Pulumi hands them over: whatever the file holds, unchecked.
      const { inputs, outputs } = only as unknown as { inputs: ClosureInputs; outputs: ClosureOutputs };
      return { id: only.id, inputs, outputs, stored: String(only.inputs["__provider"]) };
    };

    it("has nothing to change with today's code", async () => {
      const { id, inputs, outputs } = await resource();
      assert.deepEqual(await diff(id, outputs, inputs), { changes: false, replaces: [] });
    });

    it("keeps what it knows, in today's shape, when its host does not answer a refresh", async () => {
      const { id, outputs } = await resource();
      const { props } = await read(id, outputs);
      assert.equal(props?.running, outputs.running);
      assert.equal(props?.generation, 41);
      assert.deepEqual(props?.policy, outputs.policy, "as that release stored it: else a refresh would show a change");
      assert.deepEqual([props?.drift, props?.bootId, props?.rebootFor], [null, null, []]);
      assert.equal(
        Object.values(props ?? {}).some((value) => value === undefined),
        false,
        "Pulumi takes plain JSON alone",
      );
    });

    it("keeps what it knows while its node is off", async () => {
      const { id, inputs, outputs } = await resource();
      const { outs } = await update(id, outputs, { ...inputs, power: "off" });
      assert.deepEqual(
        [outs?.running, outs?.generation, outs?.outcome, outs?.marker],
        [outputs.running, 41, "skipped", null],
      );
    });

    it("can be destroyed while its host does not answer", async () => {
      const { id, outputs } = await resource();
      const began = performance.now();
      await remove(id, outputs);
      assert.ok(performance.now() - began < 15_000);
    });

    it("runs today's code: the stored provider names an import that still resolves", async () => {
      const { stored } = await resource();
      assert.deepEqual(
        [...new Set(stored.match(/import\("[^"]+"\)/g))],
        ['import("pulumi-clan/runtime/system-closure")'],
      );
      const names = [...stored.matchAll(/system-closure"\)\)\.(\w+)\(/g)].map(([, name]) => name);
      const today: Record<string, unknown> = await import("pulumi-clan/runtime/system-closure");
      for (const name of names) assert.equal(typeof today[name ?? ""], "function", name);
      assert.equal(names.length, 6);
    });
  });
}
