import { join } from "node:path";
import { z } from "zod";
import { textOf } from "./absent.ts";
import { json } from "./clan-folders.ts";

const reference = z.looseObject({
  type: z.string().optional(),
  id: z.string().optional(),
  owner: z.string().optional(),
  repo: z.string().optional(),
  ref: z.string().optional(),
  url: z.string().optional(),
  narHash: z.string().optional(),
  lastModified: z.int().optional(),
});

const nodeSchema = z.object({
  inputs: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  locked: reference.optional(),
  original: reference.optional(),
});

/** Source: Nix 2.26, `src/libflake/flake/lockfile.cc`: versions 5 to 7. */
const lockSchema = z.object({
  nodes: z.record(z.string(), nodeSchema),
  root: z.string(),
  version: z.int().min(5).max(7),
});

export type LockedInput = z.output<typeof nodeSchema>;
export type FlakeLock = z.output<typeof lockSchema>;

/** null: there is none, or it is of a kind that we do not know: Nix will say so. */
export async function readLock(root: string): Promise<FlakeLock | null> {
  const text = await textOf(join(root, "flake.lock"));
  if (text === undefined) return null;
  return lockSchema.safeParse(json(text)).data ?? null;
}

/** Inputs of the flake itself, by name; what follows another input has no node of its own. */
export function* ownInputs({ nodes, root }: FlakeLock): Iterable<readonly [string, LockedInput]> {
  for (const [name, target] of Object.entries(nodes[root]?.inputs ?? {})) {
    const node = typeof target === "string" ? nodes[target] : undefined;
    if (node !== undefined) yield [name, node];
  }
}
