import { join } from "node:path";
import { entriesOf, textOf } from "./absent.ts";

/** What lies in clear beside the secrets of clan's age back end. */
export interface AgeStore {
  /** Secret vars, as `per-machine/<m>/<generator>/<file>` or `shared/<generator>/<file>`. */
  readonly vars: readonly string[];
  /** Var → to whom it is encrypted, for those of which clan writes it down: shared ones, and ones that no machine gets. */
  readonly recipients: ReadonlyMap<string, readonly string[]>;
  /** Machine → public half of its key. */
  readonly machineKeys: ReadonlyMap<string, string>;
}

/**
 * Source: clan-core 26.05, `clan_lib/vars/secret_modules/age.py`: `secrets/clan-vars/<place>/<generator>/<file>/<file>.age`,
 * beside it `<file>.age.recipients`; `secrets/age-keys/machines/<m>/pub`.
 */
export async function readAgeStore(root: string): Promise<AgeStore> {
  const vars = await readVars(root);
  const sidecars = vars.map(async (path): Promise<readonly (readonly [string, readonly string[]])[]> => {
    const file = path.slice(path.lastIndexOf("/") + 1);
    const text = await textOf(join(root, "secrets/clan-vars", path, `${file}.age.recipients`));
    return text === undefined ? [] : [[path, text.split("\n").filter((line) => line !== "")]];
  });
  const keyed = await folders(root, "secrets/age-keys/machines");
  const keys = keyed.map(async (machine): Promise<readonly (readonly [string, string])[]> => {
    const text = await textOf(join(root, "secrets/age-keys/machines", machine, "pub"));
    return text === undefined ? [] : [[machine, text.trim()]];
  });
  return {
    vars,
    recipients: new Map((await Promise.all(sidecars)).flat()),
    machineKeys: new Map((await Promise.all(keys)).flat()),
  };
}

async function readVars(root: string): Promise<readonly string[]> {
  const top = "secrets/clan-vars";
  const machines = await folders(root, `${top}/per-machine`);
  const places = [...machines.map((machine) => `per-machine/${machine}`), "shared"];
  const read = places.map(async (place) => {
    const generators = await folders(root, `${top}/${place}`);
    const files = generators.map(async (generator) =>
      (await folders(root, `${top}/${place}/${generator}`)).map((file) => `${place}/${generator}/${file}`),
    );
    return (await Promise.all(files)).flat();
  });
  return (await Promise.all(read)).flat();
}

async function folders(root: string, folder: string): Promise<readonly string[]> {
  return (await entriesOf(join(root, folder))).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
