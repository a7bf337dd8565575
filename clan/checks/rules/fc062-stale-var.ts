import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** Vars that were made for another definition of their generator. */
export const staleVar: Rule = {
  id: "FC062",
  title: "vars that were generated for another definition",
  severities: ["warning"],
  evaluated: true,
  text: {
    finds: "A generator whose `validation` is not the one that its vars were made with.",
    silent:
      "The vars are there, so nothing asks for new ones: a certificate keeps a name that the machine lost long ago.",
    fix: "`fleet vars generate <machine> --generator <generator> --regenerate`; what was made replaces what is used.",
    example: "the domain in a certificate's `validation` was changed, the certificate was not made anew",
  },
  *check({ model, configurations, tree }) {
    if (tree === null) return;
    for (const [machine, { generators }] of configurations) {
      for (const [generator, { share, validationHash }] of Object.entries(generators ?? {})) {
        const folder = `${share ? "shared" : `per-machine/${machine}`}/${generator}`;
        const kept = tree.secrets.hashes.get(folder);
        // A generator without `validation` has no hash, and older vars none on disk: clan's own check lets both pass.
        if (kept === undefined || validationHash == null || kept === validationHash) continue;
        yield {
          severity: "warning",
          subject: { kind: "machine", name: machine },
          message: `the vars of ${generator} on ${machine} were generated for another definition of it`,
          at: machineOf(model, machine)?.definedAt ?? null,
          suggestion: `fleet vars generate ${machine} --generator ${generator} --regenerate`,
        };
      }
    }
  },
};
