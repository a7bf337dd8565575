import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { z } from "zod";
import { storedText } from "../../providers/stored-resource.ts";
import { recordResources } from "../components/support.ts";

const runtime = { module: "pulumi-clan/runtime/system-closure", operations: ["check", "diff", "delete"] } as const;

/** As the plugin process loads it. */
function load(text: string): Record<string, unknown> {
  const module: { handler?: () => unknown } = {};
  new Function("exports", text)(module);
  return z.record(z.string(), z.unknown()).parse(module.handler?.());
}

describe("what Pulumi stores of a provider", () => {
  it("has the operations that it was made for and no others: Pulumi looks which are there", () => {
    const provider = load(storedText(runtime));
    assert.deepEqual(Object.keys(provider), ["configure", "check", "diff", "delete"]);
  });

  it("runs today's module, by its name, when it is called", async () => {
    const text = storedText(runtime).replace("pulumi-clan/runtime/system-closure", echo);
    const { check, delete: remove } = z
      .record(z.string(), z.custom<(...args: unknown[]) => unknown>())
      .parse(load(text));
    assert.deepEqual(await check?.("olds", "news"), ["check", "olds", "news"]);
    assert.deepEqual(await remove?.("id", {}), ["remove", "id", {}]);
  });

  it("is a few hundred bytes, since every resource has it twice", () => {
    assert.ok(storedText(runtime).length < 500, storedText(runtime));
  });

  it("stands in the inputs of each kind of resource, with what Pulumi calls it", async () => {
    const registered = await recordResources();
    const { SystemClosure } = await import("../../providers/system-closure.ts");
    const { Placement } = await import("../../providers/placement.ts");
    const { Installation } = await import("../../providers/installation.ts");
    const { WaveGate } = await import("../../providers/wave-gate.ts");
    const { FirstLoginEnd } = await import("../../providers/first-login.ts");
    const kinds = [SystemClosure, Placement, Installation, WaveGate, FirstLoginEnd];
    for (const Kind of kinds) new Kind("any", { policy: {} } as never); // only what is stored counts
    await (await import("@pulumi/pulumi")).runtime.disconnect();
    const stored = registered.map(({ type, inputs }) => [
      String(type),
      Object.keys(load(String(inputs["__provider"]))).sort(),
    ]);
    const all = ["check", "configure", "create", "delete", "diff", "read", "update"];
    assert.deepEqual(Object.fromEntries(stored), {
      "pulumi-nodejs:dynamic/clan:SystemClosure": all,
      "pulumi-nodejs:dynamic/clan:Placement": all.filter((name) => name !== "read"),
      "pulumi-nodejs:dynamic/clan:Installation": all.filter((name) => name !== "read" && name !== "delete"),
      "pulumi-nodejs:dynamic/clan:WaveGate": all.filter((name) => name !== "read" && name !== "delete"),
      "pulumi-nodejs:dynamic/clan:FirstLoginEnd": ["configure", "create", "diff", "update"],
    });
  });
});

/** A module whose functions say their name and what they were given. */
const echo = `data:text/javascript,${["check", "diff", "remove"]
  .map((name) => `export const ${name} = (...args) => ['${name}', ...args];`)
  .join("")}`;
