import type { CheckContext } from "../context.ts";
import type { SecretVar } from "../disk/secrets-on-disk.ts";
import type { Rule } from "../rule.ts";

/** A machine gets a secret that it cannot open. */
export const unreadableSecret: Rule = {
  id: "FC032",
  title: "a secret that its machine cannot open",
  severities: ["error"],
  evaluated: true,
  text: {
    finds:
      "A secret var that clan lists for a machine and that is not encrypted to the machine's key, or whose machine has no key; and, where the configuration was evaluated, a deployed secret without its machine among the recipients.",
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
      const keys = tree.secrets.machineKeys.get(machine);
      const unreadable = tree.secrets.secretVars.filter((secret) => !opens(machine, keys, secret, context));
      const [first] = unreadable;
      if (first === undefined) continue;
      const more = unreadable.length === 1 ? "" : ` and ${unreadable.length - 1} more`;
      yield {
        severity: "error",
        subject: { kind: "machine", name: machine },
        message:
          keys === undefined
            ? `${machine} has no key in sops/machines, but gets ${first.path}${more}`
            : `${first.path}${more} is not encrypted to the key of ${machine}`,
        at: { file: keys === undefined ? first.path : `${first.path}/secret` },
        suggestion: keys === undefined ? `clan vars generate ${machine}` : `clan vars fix ${machine}`,
      };
    }
  },
};

/** True where the secret is none of the machine's as well. */
function opens(
  machine: string,
  keys: readonly string[] | undefined,
  secret: SecretVar,
  { configurations }: CheckContext,
): boolean {
  if (!secret.machines.includes(machine))
    return !(deployed(machine, secret, configurations) && secret.groups.length === 0);
  if (keys === undefined) return false;
  // Keys of other kinds (PGP, plugins) and files that are not sops' own are not judged.
  if (keys.length === 0 || secret.recipients === null) return true;
  const { recipients } = secret;
  return keys.some((key) => recipients.includes(key));
}

/** The evaluated configuration declares the file a secret that goes to the machine. */
function deployed(machine: string, secret: SecretVar, configurations: CheckContext["configurations"]): boolean {
  const generator = configurations.get(machine)?.generators?.[secret.generator];
  const file = generator?.files[secret.file];
  if (generator === undefined || file === undefined) return false;
  const own = generator.share ? secret.machine === null : secret.machine === machine;
  return own && file.secret && file.deploy;
}
