import type { Rule } from "../rule.ts";

/** A ZeroTier peer that the controller cannot admit, because its identity was never generated. */
export const peerWithoutIdentity: Rule = {
  id: "FC031",
  title: "a ZeroTier member without generated identity",
  severities: ["warning"],
  text: {
    finds: "A member of clan-core's zerotier service without vars of it, where other members have theirs.",
    silent:
      "The controller reads each member's address with a default of null and skips it; the member then gets ACCESS_DENIED.",
    fix: "`fleet vars generate <machine>` first, then deploy the controller, which admits it.",
    example: "`vars/shared/zerotier-ip-galena-zerotier` is missing, electrum's is there",
  },
  *check({ model, tree }) {
    if (tree === null) return;
    for (const [instance, { module, roles, definedAt }] of Object.entries(model.instances)) {
      if (module.name !== "zerotier" || (module.input ?? "clan-core") !== "clan-core") continue;
      const members = [...new Set(Object.values(roles).flatMap((role) => role.members))];
      const has = (machine: string): boolean => hasIdentity(machine, tree.secrets.publicVars);
      if (!members.some(has)) continue;
      for (const machine of members.filter((member) => !has(member) && Object.hasOwn(model.machines, member))) {
        yield {
          severity: "warning",
          subject: { kind: "machine", name: machine },
          message: `${machine} is a member of ${instance}, but its ZeroTier identity was never generated`,
          at: definedAt,
          suggestion: `generate first: fleet vars generate ${machine}, then deploy the controller, which admits it`,
        };
      }
    }
  },
};

/** Source: clan-core 26.05, `clanServices/zerotier`: shared `zerotier-ip-<m>-<instance>`, before that per-machine `zerotier`. */
function hasIdentity(machine: string, vars: readonly { machine: string | null; generator: string }[]): boolean {
  return vars.some(
    (one) =>
      (one.machine === machine && /^zerotier/.test(one.generator)) ||
      (one.machine === null &&
        (one.generator === `zerotier-ip-${machine}` || one.generator.startsWith(`zerotier-ip-${machine}-`))),
  );
}
