import type { Rule } from "../rule.ts";

/** One service under two inputs is two services to clan. */
export const splitService: Rule = {
  id: "FC030",
  title: "one service in two groups",
  severities: ["info"],
  text: {
    finds: "Instances of one service, some with `input` null and some with `clan-core`, which are the same source.",
    silent:
      "clan groups instances by `<input>-<name>`: each group is evaluated apart, and what a service does once per machine is done twice.",
    fix: "Write the input the same way in all instances.",
    example: '`module.input = "clan-core"` in one users instance, none in the other',
  },
  *check({ model, at }) {
    const byName = Map.groupBy(Object.entries(model.instances), ([, { module }]) => module.name);
    for (const [service, instances] of byName) {
      const unstated = instances.filter(([, { module }]) => module.input === null);
      const stated = instances.filter(([, { module }]) => module.input === "clan-core");
      const [first] = unstated.length <= stated.length ? unstated : stated;
      if (first === undefined || unstated.length === 0 || stated.length === 0) continue;
      const [name, { definedAt }] = first;
      yield {
        severity: "info",
        subject: { kind: "instance", name },
        message: `${name} takes ${service} ${unstated.includes(first) ? "without input" : "from clan-core"}, the others ${unstated.includes(first) ? "from clan-core" : "without input"}: two groups to clan`,
        at: at(["clan", "inventory", "instances", name, "module"]) ?? definedAt,
        suggestion: unstated.includes(first) ? 'write input: "clan-core"' : "leave the input out",
      };
    }
  },
};
