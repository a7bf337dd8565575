import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { sealArmored } from "./age/age-file.ts";
import { SecretFileError, VarsMissingError } from "./errors.ts";
import { sealSopsBinary } from "./sops/sops-binary.ts";

/** Who can open a secret: user or machine → age recipients. */
export type Keyring = ReadonlyMap<string, readonly string[]>;

/** File → what a generator made. */
export type GeneratedFiles = Readonly<Record<string, { readonly secret: boolean; readonly content: string }>>;

/** What makes vars, once it is known that they are wanted. */
export interface Generator {
  readonly name: string;
  make(): Promise<GeneratedFiles>;
}

const keySchema = z.object({ publickey: z.string(), type: z.string() });
const keysSchema = z.union([z.array(keySchema), keySchema.transform((key) => [key])]);

/**
 * The people of a clan and their age keys. Source: clan-core 26.05, `sops/users/<user>/key.json`.
 * @throws {VarsMissingError} there are none: nobody could ever open what is generated.
 */
export async function readClanUsers(root: string): Promise<Keyring> {
  const folder = join(root, "sops/users");
  const users = new Map<string, readonly string[]>();
  for (const user of (await there(folder)) ? await readdir(folder) : []) {
    const path = join(folder, user, "key.json");
    const keys = keysSchema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
    const recipients = (keys ?? []).filter(({ type }) => type === "age").map(({ publickey }) => publickey);
    // A user with another kind of key would lose access to whatever is written without it.
    if (recipients.length === 0) throw noAgeKey(user, path);
    users.set(user, recipients);
  }
  if (users.size > 0) return users;
  throw new VarsMissingError({
    summary: "the clan has no users: nobody could open what is generated",
    expected: "sops/users/<user>/key.json, of one user at least",
    found: "none",
    at: folder,
    fix: "fleet vars generate --user <name> adds you with your own age key",
  });
}

/** Adds a user with the public halves of their keys. @returns false where the clan has the user: nothing is changed. */
export async function addClanUser(root: string, user: string, recipients: readonly string[]): Promise<boolean> {
  const folder = join(root, "sops/users", user);
  if (await there(folder)) return false;
  await replaceFolder(folder, (staged) => writeFile(join(staged, "key.json"), keyJson(recipients)));
  return true;
}

/**
 * A new age key of a machine as clan keeps it: the public half in clear, the private one for the users. One that is there is
 * replaced.
 */
export async function writeMachineKey(
  root: string,
  machine: string,
  { identity, recipient }: { readonly identity: string; readonly recipient: string },
  users: Keyring,
): Promise<void> {
  const secret = join(root, "sops/secrets", `${machine}-age.key`);
  await replaceFolder(secret, (staged) => writeSealed(root, staged, secret, identity, { users }));
  await replaceFolder(join(root, "sops/machines", machine), (staged) =>
    writeFile(join(staged, "key.json"), keyJson([recipient])),
  );
}

/**
 * One generator's vars of a machine, all or none of them.
 * @returns whether they were written: what is there is kept unless it shall be replaced.
 */
export async function writeVars(
  root: string,
  machine: string,
  { name, make }: Generator,
  keys: { readonly users: Keyring; readonly machines: Keyring },
  { replace }: { readonly replace: boolean },
): Promise<boolean> {
  const folder = join(root, "vars/per-machine", machine, name);
  if (!replace && (await there(folder))) return false;
  const files = await make();
  await replaceFolder(folder, async (staged) => {
    for (const [file, { secret, content }] of Object.entries(files)) {
      await mkdir(join(staged, file), { recursive: true });
      if (secret) await writeSealed(root, join(staged, file), join(folder, file), content, keys);
      else await writeFile(join(staged, file, "value"), content);
    }
  });
  return true;
}

/** A `secret` and the links that say for whom it is. @param final - where the folder will lie: links are relative to it. */
export async function writeSealed(
  root: string,
  staged: string,
  final: string,
  content: string | Uint8Array,
  { users, machines = new Map() }: { readonly users: Keyring; readonly machines?: Keyring },
): Promise<void> {
  const recipients = [...new Set([...users.values(), ...machines.values()].flat())];
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  await writeFile(join(staged, "secret"), await sealSopsBinary(bytes, recipients, sealArmored, new Date()));
  for (const [kind, keyring] of Object.entries({ users, machines })) {
    for (const name of keyring.keys()) {
      await mkdir(join(staged, kind), { recursive: true });
      await symlink(relative(join(final, kind), join(root, "sops", kind, name)), join(staged, kind, name));
    }
  }
}

/** The folder appears whole or not at all; a cut leaves what was there, or a folder whose name begins with a dot. */
async function replaceFolder(folder: string, fill: (staged: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const staged = await mkdtemp(join(dirname(folder), ".staged-"));
  try {
    await fill(staged);
    if (await there(folder)) await rename(folder, `${staged}.former`);
    await rename(staged, folder);
  } finally {
    await rm(staged, { recursive: true, force: true });
    if (await there(folder)) await rm(`${staged}.former`, { recursive: true, force: true });
  }
}

function keyJson(recipients: readonly string[]): string {
  const keys = recipients.map((publickey) => ({ publickey, type: "age" }));
  return `${JSON.stringify(keys, null, 2)}\n`;
}

export async function there(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

function noAgeKey(user: string, path: string): SecretFileError {
  return new SecretFileError({
    summary: `${user}: has no age key that secrets can be encrypted to`,
    expected: "a key of type age",
    found: "none: perhaps PGP alone",
    at: path,
    fix: `give the user an age key (clan secrets users add-key ${user}), or generate with the clan command`,
  });
}
