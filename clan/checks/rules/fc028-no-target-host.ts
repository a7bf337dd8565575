import type { Rule } from "../rule.ts";

/** Nobody says where a machine is reached. */
export const noTargetHost: Rule = {
  id: "FC028",
  title: "a machine without an address",
  severities: ["info"],
  evaluated: true,
  text: {
    finds:
      "A machine without target host in inventory and configuration, and without a node that would give it one. One line for the fleet where no machine has one.",
    silent: "The inventory may leave it out; it is missed at the deployment.",
    fix: "State `deploy.targetHost`, or `pulumi-clan:hosts.<machine>.targetHost` in the stack.",
    example: '`clan.inventory.machines.galena = { tags = [ "peer" ]; }`',
  },
  *check({ model, configurations, at }) {
    const nodes = new Set(Object.keys(model.nodes));
    const machines = Object.entries(model.machines);
    const lacking = machines.filter(
      ([name, { targetHost }]) =>
        targetHost === null && !nodes.has(name) && (configurations.get(name)?.targetHost ?? null) === null,
    );
    if (lacking.length > 1 && lacking.length === machines.length) {
      yield {
        severity: "info",
        subject: { kind: "fleet", name: model.name },
        message: `no machine of the fleet says where it is reached`,
        at: null,
        suggestion: "state `pulumi-clan:hosts.<machine>.targetHost` in the stack",
      };
      return;
    }
    for (const [name, { definedAt }] of lacking) {
      yield {
        severity: "info",
        subject: { kind: "machine", name },
        message: `${name} has no target host, in the inventory nor on a node`,
        at: at(["clan", "inventory", "machines", name]) ?? definedAt,
        suggestion: `state clan.inventory.machines.${name}.deploy.targetHost, or \`pulumi-clan:hosts.${name}.targetHost\``,
      };
    }
  },
};
