import type { CheckContext } from "../context.ts";
import type { AgeStore } from "../disk/age-store.ts";
import type { SecretVar } from "../disk/secrets-on-disk.ts";
import type { MachineFacts } from "../machine-facts.ts";
import type { Report, Rule } from "../rule.ts";
import type { TreeFacts } from "../tree-facts.ts";

/** A machine gets a secret that it cannot open. */
export const unreadableSecret: Rule = {
  id: "FC032",
  title: "a secret that its machine cannot open",
  severities: ["error"],
  evaluated: true,
  text: {
    finds:
      "A secret var that clan lists for a machine, itself or by a group, and that is not encrypted to the machine's key, or whose machine has no key; and, where the configuration was evaluated, a deployed secret without its machine among the recipients. Of the age back end, shared vars by the recipients that clan writes beside them.",
    silent:
      "Recipients are only used when the host opens the file: the activation fails there, after everything was built and copied.",
    fix: "`clan vars fix <machine>`, which encrypts anew; where the key is missing, `clan vars generate <machine>`.",
    example:
      "`sops/machines/galena/key.json` was replaced after a reinstallation, and the vars were not encrypted anew",
  },
  *check(context) {
    const { model, tree } = context;
    if (tree === null) return;
    for (const [machine] of Object.entries(model.machines)) {
      const keys = tree.secrets.keys.machines.get(machine);
      const unreadable = tree.secrets.secretVars.filter((secret) => !opens(machine, keys, secret, tree, context));
      yield* told(
        machine,
        keys !== undefined,
        "sops/machines",
        unreadable.map(({ path }) => [path, "/secret"] as const),
      );
      yield* ofAgeBackEnd(machine, tree.secrets.age, context.configurations.get(machine));
    }
  },
};

/** @param unreadable - folders, and the encrypted file in each. */
function* told(
  machine: string,
  hasKey: boolean,
  keyFolder: string,
  unreadable: readonly (readonly [string, string])[],
): Generator<Report> {
  const [first] = unreadable;
  if (first === undefined) return;
  const [path, file] = first;
  const more = unreadable.length === 1 ? "" : ` and ${unreadable.length - 1} more`;
  yield {
    severity: "error",
    subject: { kind: "machine", name: machine },
    message: hasKey
      ? `${path}${more} is not encrypted to the key of ${machine}`
      : `${machine} has no key in ${keyFolder}, but gets ${path}${more}`,
    at: { file: hasKey ? `${path}${file}` : path },
    suggestion: hasKey ? `clan vars fix ${machine}` : `clan vars generate ${machine}`,
  };
}

/** True where the secret is none of the machine's as well. */
function opens(
  machine: string,
  keys: readonly string[] | undefined,
  secret: SecretVar,
  { secrets }: TreeFacts,
  { configurations }: CheckContext,
): boolean {
  const { groups } = secrets.keys;
  const isLinked =
    secret.machines.includes(machine) || secret.groups.some((group) => groups.get(group)?.machines.includes(machine));
  if (!isLinked) return !deployed(machine, configurations.get(machine)).includes(varName(secret));
  if (keys === undefined) return false;
  // Keys of other kinds (PGP, plugins) and files that are not sops' own are not judged.
  if (keys.length === 0 || secret.recipients === null) return true;
  const { recipients } = secret;
  return keys.some((key) => recipients.includes(key));
}

/** Of the age back end clan writes down the recipients of shared vars alone; a machine's own are made for its key. */
function ofAgeBackEnd(machine: string, age: AgeStore, facts: MachineFacts | undefined): Generator<Report> {
  const key = age.machineKeys.get(machine);
  const there = deployed(machine, facts).filter((name) => age.vars.includes(name));
  const unreadable = there.filter((name) => {
    const recipients = age.recipients.get(name);
    return key === undefined || (recipients !== undefined && !recipients.includes(key));
  });
  const places = unreadable.map((name) => {
    const file = name.slice(name.lastIndexOf("/") + 1);
    return [`secrets/clan-vars/${name}`, `/${file}.age.recipients`] as const;
  });
  return told(machine, key !== undefined, "secrets/age-keys/machines", places);
}

/** Secrets that the evaluated configuration brings to the machine. */
function deployed(machine: string, facts: MachineFacts | undefined): readonly string[] {
  return Object.entries(facts?.generators ?? {}).flatMap(([generator, { share, files }]) =>
    Object.entries(files).flatMap(([file, { secret, deploy }]) =>
      secret && deploy ? [varName({ machine: share ? null : machine, generator, file })] : [],
    ),
  );
}

function varName({ machine, generator, file }: Pick<SecretVar, "machine" | "generator" | "file">): string {
  return `${machine === null ? "shared" : `per-machine/${machine}`}/${generator}/${file}`;
}
