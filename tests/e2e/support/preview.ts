import assert from "node:assert/strict";
import { z } from "zod";
import type { Checkout } from "./checkout.ts";

const previewSchema = z.object({ steps: z.array(z.object({ op: z.string(), urn: z.string() })).default([]) });

/** Machines whose system a preview would change, and how. Sorted by name. */
export async function closureSteps(checkout: Checkout, stack = "local"): Promise<Record<string, string>> {
  const ended = await checkout.pulumi("preview", "--stack", stack, "--json");
  assert.equal(ended.code, 0, ended.text);
  const { steps } = previewSchema.parse(JSON.parse(ended.stdout));
  const closures = steps
    .filter(({ op, urn }) => op !== "same" && urn.includes(":SystemClosure::"))
    .map(({ op, urn }) => [urn.slice(urn.lastIndexOf("::") + 2).replace(/-closure$/, ""), op] as const);
  return Object.fromEntries(closures.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const rowSchema = z.object({
  outcome: z.string(),
  toplevel: z.string().nullable(),
  generation: z.number().nullable(),
});

/** The stack's table of machines. */
export async function table(checkout: Checkout): Promise<Record<string, z.output<typeof rowSchema>>> {
  const ended = await checkout.pulumi("stack", "output", "machines", "--json", "--stack", "local");
  assert.equal(ended.code, 0, ended.text);
  return z.record(z.string(), rowSchema).parse(JSON.parse(ended.stdout));
}
