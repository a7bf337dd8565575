import { generateAgeKey } from "../clan/vars/age/age-file.ts";
import { findOperatorKeys, type OperatorKeys } from "../clan/vars/age/operator-keys.ts";
import { VarsMissingError } from "../clan/vars/errors.ts";
import { keepsKeyOf, readMachineKeys } from "../clan/vars/machine-secrets.ts";
import { prepareResealing } from "../clan/vars/reseal.ts";
import {
  addClanUser,
  type Generator,
  type Keyring,
  readClanUsers,
  writeMachineKey,
  writeVars,
} from "../clan/vars/write-vars.ts";
import { byCommand, type CommandSecret, hostKey, userPassword } from "./builtin-generators.ts";

/** What shall be there afterwards. */
export interface Wanted {
  /** The clan's folder. */
  readonly root: string;
  readonly machines: readonly string[];
  /** Only these: `age-key`, or a generator's name. Default: the age key, the host key and whatever else is asked for. */
  readonly only?: readonly string[];
  /** Adds the operator to the clan's users by this name. */
  readonly user?: string;
  /** Accounts that get a password. */
  readonly passwords: readonly string[];
  /** Secrets that commands make. */
  readonly commands: readonly CommandSecret[];
  /** Replace what is there. */
  readonly regenerate: boolean;
}

/** What became of one thing that was asked for. */
export interface Generated {
  /** `-`: the clan itself. */
  readonly machine: string;
  readonly what: string;
  readonly result: "written" | "kept" | "encrypted anew" | "names the former key";
}

/** The name under which the age key is asked for. */
export const ageKey = "age-key";

/**
 * Generates what clan's own generators would, in clan's layout, encrypted to its users and to the machine. What is there is
 * kept; nothing is committed.
 * @throws {FleetError} what was written before stays, and the next call goes on.
 */
export async function generateVars(
  wanted: Wanted,
  signal: AbortSignal,
  findKeys: () => Promise<OperatorKeys> = findOperatorKeys,
): Promise<readonly Generated[]> {
  const { root, user } = wanted;
  const done: Generated[] = [];
  if (user !== undefined) {
    const isNew = await addClanUser(root, user, await ownRecipients(await findKeys()));
    done.push({ machine: "-", what: `user ${user}`, result: isNew ? "written" : "kept" });
  }
  const users = await readClanUsers(root);
  for (const machine of wanted.machines) {
    done.push(...(await generateKey(wanted, machine, users, findKeys, signal)));
    const machines = new Map([[machine, await readMachineKeys(root, machine)]]);
    for (const generator of generatorsOf(wanted, machine, signal)) {
      const replace = wanted.regenerate;
      const isWritten = await writeVars(root, machine, generator, { users, machines }, { replace });
      done.push({ machine, what: generator.name, result: isWritten ? "written" : "kept" });
    }
  }
  return done;
}

async function generateKey(
  { root, only, regenerate }: Wanted,
  machine: string,
  users: Keyring,
  findKeys: () => Promise<OperatorKeys>,
  signal: AbortSignal,
): Promise<readonly Generated[]> {
  if (only !== undefined && !only.includes(ageKey)) return [];
  const former = await readMachineKeys(root, machine);
  // A public half alone is a key as well: one that derives from the host's SSH key is kept nowhere.
  const isThere = former.length > 0 || (await keepsKeyOf(root, machine));
  if (isThere && !regenerate) return [{ machine, what: ageKey, result: "kept" }];
  const resealing = await prepareResealing(root, machine, former, await findKeys(), signal);
  const key = await generateAgeKey();
  // In this order a cut leaves recipients whose key nobody has. In the other one the next run would take the former key,
  // which may be in wrong hands, for somebody else's and keep it for good.
  await resealing.write(key.recipient);
  await writeMachineKey(root, machine, key, users);
  const written: Generated = { machine, what: ageKey, result: "written" };
  return [
    written,
    ...resealing.paths.map((what) => ({ machine, what, result: "encrypted anew" as const })),
    ...resealing.others.map((what) => ({ machine, what, result: "names the former key" as const })),
  ];
}

function generatorsOf(
  { only, passwords, commands }: Wanted,
  machine: string,
  signal: AbortSignal,
): readonly Generator[] {
  const all = [
    hostKey(machine),
    ...passwords.map((user) => userPassword(user, signal)),
    ...commands.map((one) => byCommand(one, signal)),
  ];
  return all.filter(({ name }) => only === undefined || only.includes(name));
}

async function ownRecipients(keys: OperatorKeys): Promise<readonly string[]> {
  const recipients = await keys.recipients();
  if (recipients.length > 0) return recipients;
  throw new VarsMissingError({
    summary: "you have no age key that the clan's secrets could be encrypted to",
    expected: "an AGE-SECRET-KEY",
    found: `keys were looked for in:\n${keys.searched.join("\n")}`,
    at: "your age keys",
    fix: "age-keygen -o ~/.config/sops/age/keys.txt",
  });
}
