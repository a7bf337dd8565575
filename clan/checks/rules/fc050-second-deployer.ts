import { placeOf } from "../option-place.ts";
import type { Rule } from "../rule.ts";

/** Somebody else deploys the same machine, on a timer. */
export const secondDeployer: Rule = {
  id: "FC050",
  title: "a second deployer on a machine",
  severities: ["warning"],
  evaluated: true,
  text: {
    finds:
      "A machine on which automatic upgrades or another pull deployer are switched on (`system.autoUpgrade`, comin, cachix-agent).",
    silent: "Both work. What one deploys the other replaces, at night, and each preview shows a drift.",
    fix: "Switch one of the two off.",
    example: "`system.autoUpgrade.enable = true` on a machine of a stack",
  },
  *check(context) {
    for (const [name, { deployers }] of context.configurations) {
      if (deployers.length === 0) continue;
      yield {
        severity: "warning",
        subject: { kind: "machine", name },
        message: `${deployers.join(", ")} of ${name} deploys it as well: each undoes what the other did`,
        at: placeOf(context, name, [...(deployers[0] ?? "").split("."), "enable"]),
        suggestion: `switch ${deployers.join(", ")} off`,
      };
    }
  },
};
