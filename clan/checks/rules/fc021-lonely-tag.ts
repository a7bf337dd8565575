import { machineOf } from "../machines.ts";
import { nearestOf } from "../near-names.ts";
import type { Rule } from "../rule.ts";
import { computedTags } from "../tags.ts";

/** A machine's tag is a typo: it gets no role by it. */
export const lonelyTag: Rule = {
  id: "FC021",
  title: "a mistyped tag of a machine",
  severities: ["warning"],
  text: {
    finds:
      "A tag that one machine carries and no role names, and that is nearly a tag which a role names or several machines carry. A lonely tag without such a neighbour may serve selection and is no finding.",
    silent: "Tags are free text: the machine just does not get the roles of the tag that was meant.",
    fix: "Write the tag that was meant.",
    example: '`tags = [ "per" ]` where the others carry `peer`',
  },
  *check({ model, at }) {
    const named = new Set(
      Object.values(model.instances).flatMap(({ roles }) => Object.values(roles).flatMap(({ tags }) => tags)),
    );
    const used = Object.entries(model.tags)
      .filter(([tag, machines]) => machines.length > 0 && (named.has(tag) || machines.length > 1))
      .map(([tag]) => tag);
    for (const [tag, [machine, ...others]] of Object.entries(model.tags)) {
      if (machine === undefined || others.length > 0 || named.has(tag) || computedTags.has(tag)) continue;
      const carried = machineOf(model, machine);
      const meant = nearestOf(tag, used);
      if (meant === undefined || carried?.tags.includes(meant) === true) continue;
      yield {
        severity: "warning",
        subject: { kind: "tag", name: tag },
        message: `only ${machine} carries tag "${tag}" and no role names it; "${meant}" is in use`,
        at: at(["clan", "inventory", "machines", machine, "tags"], tag) ?? carried?.definedAt ?? null,
        suggestion: `write "${meant}"`,
      };
    }
  },
};
