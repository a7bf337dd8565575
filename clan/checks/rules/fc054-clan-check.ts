import type { Rule, Severity } from "../rule.ts";

/** What clan's own checks say of the flake. */
export const clanCheck: Rule = {
  id: "FC054",
  title: "a check of clan's own",
  severities: ["warning", "info"],
  text: {
    finds: "What clan-core and the services' authors check themselves (`clan.checks`).",
    silent: "The clan command runs these checks when it generates vars, and not when it updates a machine.",
    fix: "As the message says.",
    example: "a service that wants exactly one controller",
  },
  *check({ model }) {
    for (const { id, message, severity } of model.clanChecks ?? []) {
      yield {
        severity: levels[severity] ?? "warning",
        subject: { kind: "fleet", name: model.name },
        message: `clan check ${id}: ${message}`,
        at: null,
        suggestion: null,
      };
    }
  },
};

/** An error of clan's stops the generation of vars alone: a deployment of what is there goes on. */
const levels: Readonly<Record<string, Severity>> = { error: "warning", warning: "warning", info: "info" };
