import type { MachineFacts } from "../machine-facts.ts";
import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** A machine declares a generator whose files were never made. */
export const missingVar: Rule = {
  id: "FC061",
  title: "a var that was never generated",
  severities: ["error"],
  evaluated: true,
  text: {
    finds: "A file of a generator that an evaluated configuration declares and that is not on disk.",
    silent:
      "Nix evaluates without it: a public var is read with a default, a secret one becomes a file that the host cannot open.",
    fix: "`fleet vars generate <machine>`, then `git add` what it wrote.",
    example: "`vars/per-machine/galena/tor/hostname` is missing, the service was added today",
  },
  *check({ model, configurations, tree }) {
    if (tree === null) return;
    const present = new Set(
      [...tree.secrets.secretVars, ...tree.secrets.publicVars].map(({ machine, generator, file }) =>
        key(machine, generator, file),
      ),
    );
    for (const one of tree.secrets.age.vars) present.add(one);
    for (const [machine, { secrets, generators }] of configurations) {
      // The files of other back ends are not in the fleet's folder.
      if (!["sops", "age", null, undefined].includes(secrets?.secretStore)) continue;
      const missing = declaredFiles(machine, generators).filter((one) => !present.has(one));
      const [first] = missing;
      if (first === undefined) continue;
      const more = missing.length === 1 ? "" : ` and ${missing.length - 1} more`;
      yield {
        severity: "error",
        subject: { kind: "machine", name: machine },
        message: `${machine} declares the var ${first}${more}, which was never generated`,
        at: machineOf(model, machine)?.definedAt ?? null,
        suggestion: `generate first: fleet vars generate ${machine}`,
      };
    }
  },
};

function declaredFiles(machine: string, generators: MachineFacts["generators"]): readonly string[] {
  return Object.entries(generators ?? {}).flatMap(([generator, { share, files }]) =>
    Object.keys(files).map((file) => key(share ? null : machine, generator, file)),
  );
}

function key(machine: string | null, generator: string, file: string): string {
  return [machine === null ? "shared" : `per-machine/${machine}`, generator, file].join("/");
}
