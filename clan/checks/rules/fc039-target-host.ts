import { addressOf, parseTargetHost } from "../../target-host.ts";
import type { Rule } from "../rule.ts";

/** Two machines are reached at one address: one would be deployed over the other. */
export const sharedTargetHost: Rule = {
  id: "FC039",
  title: "a target host that leads to no host, or to another machine",
  severities: ["error"],
  text: {
    finds: "Two machines with the same target host; in an authored fleet also a target host that cannot be dialled.",
    silent: "Each deployment succeeds, on the same host, one system after the other.",
    fix: "Correct one of the two addresses.",
    example: '`deploy.targetHost = "root@galena.zt"` for galena and for electrum',
  },
  errors: ["FLEET_TARGET_HOST"],
  *check({ model, at }) {
    const owners = new Map<string, string>();
    for (const [name, { targetHost, definedAt }] of Object.entries(model.machines)) {
      const target = targetHost === null ? undefined : parseTargetHost(targetHost);
      if (target === undefined) continue;
      const owner = owners.get(addressOf(target));
      if (owner === undefined) {
        owners.set(addressOf(target), name);
        continue;
      }
      yield {
        severity: "error",
        subject: { kind: "machine", name },
        message: `${name} and ${owner} have the same target host ${targetHost}: one would be deployed over the other`,
        at: at(["clan", "inventory", "machines", name, "deploy", "targetHost"]) ?? definedAt,
        suggestion: "correct one of the two",
      };
    }
  },
};
