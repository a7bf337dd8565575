import type { SecretVar } from "../disk/secrets-on-disk.ts";
import type { SopsKeys } from "../disk/sops-keys.ts";
import type { Rule } from "../rule.ts";

/** A secret var is encrypted to others than its links say. Machines that cannot open theirs: FC032. */
export const linkedRecipients: Rule = {
  id: "FC066",
  title: "a secret whose recipients are not those of its links",
  severities: ["warning"],
  text: {
    finds:
      "A secret var of the sops back end that is not encrypted to a user of its links, itself or by a group, that can be opened by a key which none of them has, or that links to somebody without a key.",
    silent:
      "Links say who shall open a secret, the file who can: a user who joined a group opens nothing yet, one who left it still does.",
    fix: "`clan vars fix <machine>`. After somebody left or a key was stolen, also generate the secrets themselves anew.",
    example: "`sops/groups/admins/users/mina` was added in a merge, and the vars were not encrypted anew",
  },
  *check({ tree, model }) {
    const { secretVars = [], keys } = tree?.secrets ?? {};
    if (keys === undefined) return;
    for (const secret of secretVars) {
      const { path, recipients, machine } = secret;
      const linked = linkedKeys(secret, keys);
      const unknown = linked.filter(({ name, own }) => own === undefined && !isMachine(name)).map(({ name }) => name);
      const words = unknown.length === 0 ? [] : [`links to ${unknown.join(", ")} without a key in sops`];
      if (recipients !== null) words.push(...differences(recipients, linked));
      if (words.length === 0) continue;
      yield {
        severity: "warning",
        subject: { kind: "file", name: path },
        message: `${path} ${words.join(" and ")}`,
        at: { file: `${path}/secret` },
        suggestion: `clan vars fix ${machine ?? secret.machines[0] ?? Object.keys(model.machines)[0] ?? ""}`.trim(),
      };
    }
  },
};

interface Linked {
  /** `users/mina`, as in `sops/`. */
  readonly name: string;
  /** Empty: keys of other kinds alone; undefined: none. */
  readonly own: readonly string[] | undefined;
}

/** Each once, in the order of the links. */
function linkedKeys({ machines, users, groups }: SecretVar, keys: SopsKeys): readonly Linked[] {
  const members = groups.flatMap((group) => keys.groups.get(group) ?? []);
  const of = (kind: "machines" | "users", direct: readonly string[]): readonly Linked[] =>
    [...new Set([...direct, ...members.flatMap((member) => member[kind])])].map((name) => ({
      name: `${kind}/${name}`,
      own: keys[kind].get(name),
    }));
  const emptied = groups.filter((group) => !keys.groups.has(group));
  return [
    ...of("machines", machines),
    ...of("users", users),
    ...emptied.map((group) => ({ name: `groups/${group}`, own: undefined })),
  ];
}

function isMachine(name: string): boolean {
  return name.startsWith("machines/");
}

function differences(recipients: readonly string[], linked: readonly Linked[]): readonly string[] {
  const shut = linked.filter(
    ({ own }) => own !== undefined && own.length > 0 && !own.some((key) => recipients.includes(key)),
  );
  const missing = shut.filter(({ name }) => !isMachine(name));
  // A recipient can be one too many only where every link's key is known. One who can open it in a machine's place may well
  // be that machine's former key: FC032 tells of it.
  const isKnown = linked.every(({ own }) => own !== undefined) && shut.length === missing.length;
  const wanted = new Set(linked.flatMap(({ own = [] }) => own));
  const former = recipients.filter((recipient) => !wanted.has(recipient));
  return [
    ...(missing.length === 0 ? [] : [`is not encrypted to ${missing.map(({ name }) => name).join(", ")}`]),
    ...(isKnown && linked.length > 0 && former.length > 0 ? [`can still be opened by ${former.join(", ")}`] : []),
  ];
}
