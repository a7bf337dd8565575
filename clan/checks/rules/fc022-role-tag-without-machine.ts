import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";
import { computedTags } from "../tags.ts";

/** A role is given to a tag that no machine carries. */
export const roleTagWithoutMachine: Rule = {
  id: "FC022",
  title: "a role given to a tag that nobody carries",
  severities: ["warning", "info"],
  text: {
    finds:
      "A role whose tag no machine carries. Warning where a tag of nearly that name is carried, else info: the machines may come later.",
    silent: "Nix warns and exits with 0; nothing is configured.",
    fix: "Write the tag that was meant, or tag a machine.",
    example: '`roles.peer.tags = [ "peers" ]`',
  },
  *check({ model, at }) {
    const carried = new Set(
      Object.entries(model.tags).flatMap(([tag, machines]) => (machines.length > 0 ? [tag] : [])),
    );
    for (const [instance, { roles, definedAt }] of Object.entries(model.instances)) {
      for (const [role, { tags }] of Object.entries(roles)) {
        for (const tag of tags.filter((one) => !carried.has(one) && !computedTags.has(one))) {
          const meant = nearestOf(tag, carried);
          yield {
            severity: meant === undefined ? "info" : "warning",
            subject: { kind: "role", name: `${instance}/${role}` },
            message: `role ${instance}/${role} is given to tag "${tag}", which no machine carries`,
            at: at(["clan", "inventory", "instances", instance, "roles", role, "tags"], tag) ?? definedAt,
            suggestion: meant === undefined ? `tag a machine "${tag}", or delete it here` : `write "${meant}"`,
          };
        }
      }
    }
  },
};
