import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** The cloud's firewall lets nobody in. */
export const cloudFirewall: Rule = {
  id: "FC056",
  title: "a node that nobody can reach",
  severities: ["warning"],
  text: {
    finds:
      "A cloud node that opens port 22 to nobody, under a machine without target host: it is reached at the node's own address alone.",
    silent: "The node is created and boots; the first connection waits until its deadline.",
    fix: "List the ranges of the deployers in `sshSources`, or state a target host inside of the mesh.",
    example: "`nodes.galena.sshSources` left out, galena without `deploy.targetHost`",
  },
  *check({ model, at }) {
    for (const [name, { sshSources, definedAt }] of Object.entries(model.nodes)) {
      const machine = machineOf(model, name);
      if (sshSources.length > 0 || machine === undefined || machine.targetHost !== null) continue;
      yield {
        severity: "warning",
        subject: { kind: "machine", name },
        message: `the node of ${name} opens port 22 to nobody, and ${name} has no other address`,
        at: at(["nodes", name, "sshSources"]) ?? definedAt,
        suggestion: 'state sshSources: ["<range of the deployer>"]',
      };
    }
  },
};
