import { join } from "node:path";
import { z } from "zod";
import { entriesOf, textOf } from "./absent.ts";
import { json } from "./clan-folders.ts";
import { type RuledFile, readRuledFiles } from "./ruled-files.ts";

/** A secret var in clan's sops layout. Its value is encrypted, and stays so. */
export interface SecretVar {
  /** Folder, relative to the root. */
  readonly path: string;
  /** null: shared. */
  readonly machine: string | null;
  readonly generator: string;
  readonly file: string;
  /** Machines for which clan says that it is encrypted. */
  readonly machines: readonly string[];
  /** Groups for which it is encrypted; their members may be machines. */
  readonly groups: readonly string[];
  /** age recipients of the file itself; null: it is no sops file, or it has none. */
  readonly recipients: readonly string[] | null;
}

/** A public var. */
export interface PublicVar {
  readonly path: string;
  readonly machine: string | null;
  readonly generator: string;
  readonly file: string;
  readonly value: string;
}

export interface SecretFacts {
  readonly secretVars: readonly SecretVar[];
  readonly publicVars: readonly PublicVar[];
  /** Machine → its age public keys in `sops/machines`. */
  readonly machineKeys: ReadonlyMap<string, readonly string[]>;
  /** Machines whose private key is kept in `sops/secrets/<machine>-age.key`. */
  readonly keptKeys: readonly string[];
  /** Secret vars of clan's age back end, as `per-machine/<m>/<generator>/<file>` or `shared/<generator>/<file>`. */
  readonly ageVars: readonly string[];
  /** `per-machine/<m>/<generator>` or `shared/<generator>` → the hash of the definition that its vars were made for. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Sops files whose recipients are not those of `.sops.yaml`. */
  readonly ruledFiles: readonly RuledFile[];
}

/** Source: clan-core 26.05, `pkgs/clan-cli/clan_cli/vars`: `vars/per-machine/<m>/<g>/<f>`, `vars/shared/<g>/<f>`. */
export async function readSecrets(root: string): Promise<SecretFacts> {
  const machines = await names(root, "vars/per-machine");
  const own = await Promise.all(machines.map((machine) => readVars(root, `vars/per-machine/${machine}`, machine)));
  const all = [...own.flat(), ...(await readVars(root, "vars/shared", null))];
  const keyed = await names(root, "sops/machines");
  const keys = keyed.map(
    async (machine) => [machine, await readKeys(join(root, "sops/machines", machine, "key.json"))] as const,
  );
  const places = [...machines.map((machine) => `per-machine/${machine}`), "shared"];
  return {
    secretVars: all.flatMap(({ secret }) => secret ?? []),
    publicVars: all.flatMap(({ open }) => open ?? []),
    machineKeys: new Map(await Promise.all(keys)),
    keptKeys: (await names(root, "sops/secrets")).flatMap((name) => /^(.+)-age\.key$/.exec(name)?.[1] ?? []),
    ageVars: await readAgeVars(root),
    hashes: await readHashes(root, places),
    ruledFiles: await readRuledFiles(root),
  };
}

/** Source: clan-core 26.05, `secrets/clan-vars/<place>/<generator>/<file>/<file>.age`. */
async function readAgeVars(root: string): Promise<readonly string[]> {
  const folder = "secrets/clan-vars";
  const machines = await names(root, `${folder}/per-machine`);
  const places = [...machines.map((machine) => `per-machine/${machine}`), "shared"];
  const read = places.map(async (place) => {
    const generators = await names(root, `${folder}/${place}`);
    const files = generators.map(async (generator) =>
      (await names(root, `${folder}/${place}/${generator}`)).map((file) => `${place}/${generator}/${file}`),
    );
    return (await Promise.all(files)).flat();
  });
  return (await Promise.all(read)).flat();
}

/** Source: clan-core 26.05, `vars/<place>/<generator>/.validation-hash`. */
async function readHashes(root: string, places: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const read = places.map(async (place) => {
    const generators = await names(root, `vars/${place}`);
    return await Promise.all(
      generators.map(async (generator) => {
        const hash = await textOf(join(root, "vars", place, generator, ".validation-hash"));
        return hash === undefined ? [] : [[`${place}/${generator}`, hash.trim()] as const];
      }),
    );
  });
  return new Map((await Promise.all(read)).flat(2));
}

interface Var {
  readonly secret?: SecretVar;
  readonly open?: PublicVar;
}

async function readVars(root: string, folder: string, machine: string | null): Promise<readonly Var[]> {
  const generators = await names(root, folder);
  const read = generators.map(async (generator) => {
    const files = await names(root, `${folder}/${generator}`);
    return Promise.all(
      files.map((file) => readVar(root, { path: `${folder}/${generator}/${file}`, machine, generator, file })),
    );
  });
  return (await Promise.all(read)).flat();
}

async function readVar(root: string, place: Pick<PublicVar, "path" | "machine" | "generator" | "file">): Promise<Var> {
  const [value, secret] = await Promise.all([
    textOf(join(root, place.path, "value")),
    textOf(join(root, place.path, "secret")),
  ]);
  if (value !== undefined) return { open: { ...place, value: value.trim() } };
  if (secret === undefined) return {};
  const [machines, groups] = await Promise.all([
    linked(root, `${place.path}/machines`),
    linked(root, `${place.path}/groups`),
  ]);
  return { secret: { ...place, machines, groups, recipients: recipientsOf(secret) } };
}

const sopsSchema = z.object({ sops: z.object({ age: z.array(z.object({ recipient: z.string() })).min(1) }) });

function recipientsOf(text: string): readonly string[] | null {
  return sopsSchema.safeParse(json(text)).data?.sops.age.map(({ recipient }) => recipient) ?? null;
}

const keySchema = z.object({ publickey: z.string(), type: z.string() });

/** A list of keys, or in older clans one key. */
async function readKeys(path: string): Promise<readonly string[]> {
  const text = await textOf(path);
  const parsed =
    text === undefined
      ? undefined
      : z.union([z.array(keySchema), keySchema.transform((key) => [key])]).safeParse(json(text));
  return (parsed?.data ?? []).filter(({ type }) => type === "age").map(({ publickey }) => publickey);
}

/** Folders in a folder. */
async function names(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Recipients are links into `sops/`; a link to itself, seen in a real tree, names nobody new. */
async function linked(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).map(({ name }) => name);
}
