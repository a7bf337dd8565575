import type { Location } from "../../fleet-model.ts";
import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";
import type { TreeFacts } from "../tree-facts.ts";

/** The repository itself is part of the system: every commit changes every machine. */
export const sourceInClosure: Rule = {
  id: "FC047",
  title: "a system that holds the flake's own source",
  severities: ["warning"],
  evaluated: true,
  text: {
    finds: "Machines whose derivation refers to the flake's source tree. One finding, with the machines.",
    silent:
      "It works. Every commit, also to a README, gives every such machine a new system, and copies the whole repository to every host.",
    fix: "Refer to files by relative path (`./secrets/x.yaml`), not by `self` or `inputs.self`.",
    example: '`sopsFile = inputs.self + "/secrets/users/cameron.sops.yaml"`',
  },
  *check({ model, configurations, tree }) {
    const machines = [...configurations].filter(([, facts]) => facts.sourceInClosure === true).map(([name]) => name);
    const [only] = machines;
    if (only === undefined) return;
    const one = machines.length === 1 ? machineOf(model, only) : undefined;
    yield {
      severity: "warning",
      subject: one === undefined ? { kind: "fleet", name: model.name } : { kind: "machine", name: only },
      message: `the flake's own source is part of the system of ${machines.join(", ")}: every commit changes it`,
      at: onlyMention(tree) ?? one?.definedAt ?? null,
      suggestion: "refer to files by relative path instead of by `self`",
    };
  },
};

/** `self` as a value: an attribute of it, as `self.modules`, is none of its source. */
const ofSelf = /\binputs\.self\b(?!\.)|(?<![\w.-])self\s*\+|\$\{\s*(?:inputs\.)?self\s*\}/;

/** The one line of the sources that takes the source tree; with several it is not known which. */
function onlyMention(tree: TreeFacts | null): Location | undefined {
  const lines = [...(tree?.sources ?? [])].flatMap(([file, text]) =>
    text.split("\n").flatMap((line, index) => (ofSelf.test(line) ? [{ file, line: index + 1 }] : [])),
  );
  return lines.length === 1 ? lines[0] : undefined;
}
