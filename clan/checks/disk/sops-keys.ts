import { join } from "node:path";
import { z } from "zod";
import { entriesOf, textOf } from "./absent.ts";
import { json } from "./clan-folders.ts";

/** Whose keys a clan knows, by their public halves. */
export interface SopsKeys {
  /** Machine → its age keys in `sops/machines`; empty: it has keys of other kinds alone. */
  readonly machines: ReadonlyMap<string, readonly string[]>;
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** Group → the members that it links to. */
  readonly groups: ReadonlyMap<string, { readonly machines: readonly string[]; readonly users: readonly string[] }>;
}

/** Source: clan-core 26.05, `sops/{machines,users}/<name>/key.json`, `sops/groups/<group>/{machines,users}/<name>`. */
export async function readSopsKeys(root: string): Promise<SopsKeys> {
  const groups = (await names(root, "sops/groups")).map(async (group) => {
    const [machines, users] = await Promise.all([
      names(root, `sops/groups/${group}/machines`),
      names(root, `sops/groups/${group}/users`),
    ]);
    return [group, { machines, users }] as const;
  });
  return {
    machines: await keysBelow(root, "sops/machines"),
    users: await keysBelow(root, "sops/users"),
    groups: new Map(await Promise.all(groups)),
  };
}

async function keysBelow(root: string, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const read = (await names(root, folder)).map(async (name) => {
    const text = await textOf(join(root, folder, name, "key.json"));
    return text === undefined ? [] : [[name, ageKeys(text)] as const];
  });
  return new Map((await Promise.all(read)).flat());
}

const keySchema = z.object({ publickey: z.string(), type: z.string() });

/** A list of keys, or in older clans one key. */
function ageKeys(text: string): readonly string[] {
  const parsed = z.union([z.array(keySchema), keySchema.transform((key) => [key])]).safeParse(json(text));
  return (parsed.data ?? []).filter(({ type }) => type === "age").map(({ publickey }) => publickey);
}

/** Members are links, and a link's own name is what counts: one that leads nowhere names somebody all the same. */
async function names(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).map(({ name }) => name).filter((name) => !name.startsWith("."));
}
