import { join } from "node:path";
import { z } from "zod";
import { entriesOf, textOf } from "./absent.ts";
import { type AgeStore, readAgeStore } from "./age-store.ts";
import { json } from "./clan-folders.ts";
import { type RuledFile, readRuledFiles } from "./ruled-files.ts";
import { readSopsKeys, type SopsKeys } from "./sops-keys.ts";

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
  readonly users: readonly string[];
  /** Groups whose members, users and machines, it is encrypted for. */
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
  readonly keys: SopsKeys;
  /** Machines whose private key is kept in `sops/secrets/<machine>-age.key`. */
  readonly keptKeys: readonly string[];
  /** Of clan's age back end. */
  readonly age: AgeStore;
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
  const places = [...machines.map((machine) => `per-machine/${machine}`), "shared"];
  return {
    secretVars: all.flatMap(({ secret }) => secret ?? []),
    publicVars: all.flatMap(({ open }) => open ?? []),
    keys: await readSopsKeys(root),
    keptKeys: (await names(root, "sops/secrets")).flatMap((name) => /^(.+)-age\.key$/.exec(name)?.[1] ?? []),
    age: await readAgeStore(root),
    hashes: await readHashes(root, places),
    ruledFiles: await readRuledFiles(root),
  };
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
  const [machines, users, groups] = await Promise.all([
    linked(root, `${place.path}/machines`),
    linked(root, `${place.path}/users`),
    linked(root, `${place.path}/groups`),
  ]);
  return { secret: { ...place, machines, users, groups, recipients: recipientsOf(secret) } };
}

const sopsSchema = z.object({ sops: z.object({ age: z.array(z.object({ recipient: z.string() })).min(1) }) });

function recipientsOf(text: string): readonly string[] | null {
  return sopsSchema.safeParse(json(text)).data?.sops.age.map(({ recipient }) => recipient) ?? null;
}

/** Folders in a folder. */
async function names(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Recipients are links into `sops/`; a link to itself, seen in a real tree, names nobody new. */
async function linked(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).map(({ name }) => name);
}
