import { machinesOf, type StackFile } from "../disk/stack-files.ts";
import type { Rule } from "../rule.ts";

/** Two stacks own a machine, or none does. */
export const stackOfMachine: Rule = {
  id: "FC060",
  title: "a machine of two stacks, or of none",
  severities: ["warning", "info"],
  text: {
    finds:
      "A machine that two of the stacks' files beside the fleet take, or that none takes. Stacks with a `systemBuilder` do not count: they deploy look-alikes to other hosts.",
    silent:
      "Each stack is previewed by itself. The one that deploys second is refused by the host, which carries the first one's mark; a machine of no stack stays as it is for ever.",
    fix: 'Leave it out of one (`"!galena"`); where its state is in the wrong stack, `fleet move` takes it over.',
    example: '`machines: ["tag:gcp"]` in Pulumi.burst.yaml, `machines: [cinnabar, galena]` in Pulumi.core.yaml',
  },
  *check({ model, tree }) {
    const real = (tree?.stacks ?? []).filter(({ systemBuilder }) => systemBuilder === undefined);
    const stacks = real.flatMap((stack) => {
      const machines = machinesOf(stack, model.machines);
      return machines === undefined ? [] : [{ stack, machines: new Set(machines) }];
    });
    // A file that could not be read might be the owner.
    if (stacks.length === 0 || stacks.length < real.length) return;
    for (const [name, { definedAt }] of Object.entries(model.machines)) {
      const [first, second] = stacks.filter(({ machines }) => machines.has(name)).map(({ stack }) => stack);
      const subject = { kind: "machine", name } as const;
      if (first === undefined) {
        const files = stacks.map(({ stack }) => stack.file).join(", ");
        const suggestion = `add "${name}" to pulumi-clan:machines of one of them`;
        yield { severity: "info", subject, message: `no stack takes ${name} (${files})`, at: definedAt, suggestion };
      } else if (second !== undefined) {
        const message = `${first.file} and ${second.file} both take ${name}`;
        const suggestion = `add "!${name}" to pulumi-clan:machines of one of them`;
        yield { severity: "warning", subject, message, at: placeOf(second), suggestion };
      }
    }
  },
};

function placeOf({ file, line }: StackFile) {
  return line === undefined ? { file } : { file, line };
}
