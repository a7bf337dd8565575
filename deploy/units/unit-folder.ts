import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseUnit, type UnitText, unitWords } from "./unit-text.ts";

/** The units that a system in this machine's store defines. */
export interface UnitFolder {
  /** Unit → its file, as the system has it. Templates by their own name (`x@.service`). */
  readonly units: ReadonlyMap<string, UnitFile>;
  /** Unit → units that its start pulls in, by links and by lines. */
  readonly pulls: ReadonlyMap<string, readonly string[]>;
  /** Where files lead that decide what else a switch does: `etc/fstab`, `etc/systemd/user`; null: not there. */
  readonly others: Readonly<Record<"fstab" | "userUnits", string | null>>;
}

/** `masked`: a link to /dev/null. */
export type UnitFile =
  | { readonly kind: "file"; readonly id: string; readonly text: UnitText }
  | { readonly kind: "masked" };

/** Reads `etc/systemd/system` of a toplevel or a specialisation. */
export async function readUnitFolder(system: string): Promise<UnitFolder> {
  const folder = join(system, "etc/systemd/system");
  const names = (await unlessAbsent(readdir(folder))) ?? [];
  const folders = new Map<string, readonly string[]>();
  const ofKind = (name: string): boolean => /\.(?:d|wants|requires|upholds)$/.test(name);
  await Promise.all(
    names.filter(ofKind).map(async (name) => folders.set(name, (await readdir(join(folder, name))).sort())),
  );
  const dropInsOf = (unit: string): readonly string[] =>
    (folders.get(`${unit}.d`) ?? []).filter((name) => name.endsWith(".conf")).map((name) => `${unit}.d/${name}`);
  const read = async (unit: string): Promise<readonly (readonly [string, UnitFile])[]> => {
    const file = await readUnit(folder, [unit, ...dropInsOf(unit)]);
    return file === undefined ? [] : [[unit, file]];
  };
  const units = new Map((await Promise.all(names.filter((name) => !ofKind(name)).map(read))).flat());
  // An instance of a template may have drop-ins of its own and no file.
  const instances = [...folders.keys()].flatMap((name) => (/@.+\.d$/.test(name) ? [name.slice(0, -2)] : []));
  for (const unit of instances.filter((name) => !units.has(name) && units.has(templateOf(name)))) {
    const file = await readUnit(folder, [templateOf(unit), ...dropInsOf(templateOf(unit)), ...dropInsOf(unit)]);
    if (file !== undefined) units.set(unit, file);
  }
  return { units, pulls: pullsOf(units, folders), others: await readOthers(system) };
}

/** `x@.service` of `x@y.service`; other names as they are. Source: systemd.unit(5). */
export function templateOf(unit: string): string {
  return unit.replace(/^([^@]*)@.*(\.[a-z]+)$/, "$1@$2");
}

async function readUnit(folder: string, files: readonly string[]): Promise<UnitFile | undefined> {
  const paths = await Promise.all(files.map((file) => unlessAbsent(realpath(join(folder, file)))));
  const [first, ...more] = paths;
  if (first === undefined) return undefined;
  if (first === "/dev/null") return { kind: "masked" };
  const present = [first, ...more.filter((path) => path !== undefined && path !== "/dev/null")];
  const texts = await Promise.all(present.flatMap((path) => (path === undefined ? [] : [readFile(path, "utf8")])));
  return { kind: "file", id: present.join(" "), text: parseUnit(texts) };
}

function pullsOf(
  units: ReadonlyMap<string, UnitFile>,
  folders: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const add = (unit: string, names: readonly string[]): unknown =>
    names.length > 0 && found.set(unit, [...(found.get(unit) ?? []), ...names]);
  for (const [name, links] of folders) {
    const unit = /^(.+)\.(?:wants|requires|upholds)$/.exec(name)?.[1];
    if (unit !== undefined)
      add(
        unit,
        links.map((link) => basename(link)),
      );
  }
  for (const [unit, file] of units)
    if (file.kind === "file")
      for (const key of ["Wants", "Requires", "BindsTo", "Upholds"]) add(unit, unitWords(file.text, "Unit", key));
  return found;
}

async function readOthers(system: string): Promise<UnitFolder["others"]> {
  const [fstab, userUnits] = await Promise.all(
    ["etc/fstab", "etc/systemd/user"].map((path) => unlessAbsent(realpath(join(system, path)))),
  );
  return { fstab: fstab ?? null, userUnits: userUnits ?? null };
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}
