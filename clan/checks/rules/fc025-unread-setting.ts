import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";

/** A setting that the service does not know. */
export const unreadSetting: Rule = {
  id: "FC025",
  title: "a setting that no service reads",
  severities: ["error"],
  text: {
    finds:
      "A setting of a role that its service does not take, by the schema that clan-core makes of its interface. An inline service takes none.",
    silent:
      "A service that never reads its settings never objects to one; the others object when a member is evaluated.",
    fix: "Correct the setting's name, or remove it.",
    example: "`roles.default.settings.prot = 8080` of an inline service",
  },
  *check({ model, services, at }) {
    for (const [instance, { roles, definedAt }] of Object.entries(model.instances)) {
      for (const [role, { settings }] of Object.entries(roles)) {
        const declared = services.get(instance)?.settings.get(role);
        if (declared === undefined) continue;
        for (const key of Object.keys(settings).filter((name) => !declared.has(name))) {
          const meant = nearestOf(key, declared);
          yield {
            severity: "error",
            subject: { kind: "role", name: `${instance}/${role}` },
            message: `role ${instance}/${role} has a setting "${key}" that its service does not read`,
            at: at(["clan", "inventory", "instances", instance, "roles", role, "settings", key]) ?? definedAt,
            suggestion:
              meant === undefined ? "remove it, or state it in the entry that the service brings" : `write "${meant}"`,
          };
        }
      }
    }
  },
};
