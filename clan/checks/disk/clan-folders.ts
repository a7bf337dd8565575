import { join } from "node:path";
import { z } from "zod";
import { entriesOf, textOf } from "./absent.ts";

/** Machine → what clan finds in `machines/<machine>/`. */
export type MachineFolders = ReadonlyMap<string, { readonly hasConfiguration: boolean }>;

/** Source: clan-core 26.05: every folder below `machines/` is a machine; `configuration.nix` in it is imported. */
export async function readMachineFolders(root: string): Promise<MachineFolders> {
  const folders = (await entriesOf(join(root, "machines"))).filter((entry) => entry.isDirectory());
  const read = folders.map(async ({ name }) => {
    const files = await entriesOf(join(root, "machines", name));
    return [name, { hasConfiguration: files.some((file) => file.name === "configuration.nix") }] as const;
  });
  return new Map(await Promise.all(read));
}

const inventorySchema = z.object({ machines: z.record(z.string(), z.unknown()).default({}) });

/** Machines of clan's own inventory.json; none where it is not there, or is not what it should be: clan says so. */
export async function readInventoryJson(root: string): Promise<readonly string[]> {
  const text = await textOf(join(root, "inventory.json"));
  const parsed = text === undefined ? undefined : inventorySchema.safeParse(json(text));
  return parsed?.success === true ? Object.keys(parsed.data.machines) : [];
}

/** Folders with a package.nix. */
export async function readPackageNames(root: string): Promise<readonly string[]> {
  const folder = join(root, "pkgs/by-name");
  const found = (await entriesOf(folder)).map(async ({ name }) =>
    (await entriesOf(join(folder, name))).some((file) => file.name === "package.nix") ? [name] : [],
  );
  return (await Promise.all(found)).flat();
}

/** Undefined where the text is no JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
