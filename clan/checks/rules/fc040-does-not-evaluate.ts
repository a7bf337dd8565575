import { missingVar } from "../../vars/missing-in-evaluation.ts";
import type { Rule } from "../rule.ts";
import { registryEntry } from "./fc007-registry-entry.ts";
import { classOfMachine } from "./fc018-class-of-machine.ts";

/** A machine of an adopted flake that Nix cannot evaluate: every deployment of it fails. */
export const doesNotEvaluate: Rule = {
  id: "FC040",
  title: "a machine that does not evaluate",
  severities: ["error"],
  text: {
    finds:
      "A machine of an adopted flake whose configuration ends in an error: a mistyped registry entry, a module of another class, an unknown role, service or option, a setting given twice.",
    silent: "Nix evaluates a machine when it is asked for: names, inventory and the other machines all pass.",
    fix: "Correct what Nix names.",
    example: "`imports = with config.flake.modules.nixos; [ hm-sops-brige ]`",
  },
  *check(context) {
    const { model } = context;
    // Rules that know the cause tell of it with its place.
    const told = new Set(
      [...registryEntry.check(context), ...classOfMachine.check(context)].map(({ subject }) => subject.name),
    );
    for (const [name, { problem, definedAt }] of Object.entries(model.machines)) {
      if (problem === undefined || told.has(name)) continue;
      const missing = missingVar(problem, name, Object.keys(model.machines));
      yield {
        severity: "error",
        subject: { kind: "machine", name },
        message: `${name} does not evaluate: ${problem}`,
        at: definedAt,
        suggestion: missing === undefined ? null : `generate first: fleet vars generate ${missing.machine}`,
      };
    }
  },
};
