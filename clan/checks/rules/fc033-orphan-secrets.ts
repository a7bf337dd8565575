import type { CheckContext } from "../context.ts";
import type { Rule } from "../rule.ts";

/** Vars and keys that outlived their machine or their generator. */
export const orphanSecrets: Rule = {
  id: "FC033",
  title: "vars or keys that nobody declares any more",
  severities: ["info"],
  evaluated: true,
  text: {
    finds:
      "Vars, a sops key or an age key of a machine that the fleet does not have; where the configuration was evaluated, vars of generators that a machine no longer declares; and a machine with secret vars but without a key, where others have one.",
    silent: "They are history: nothing reads them. After a renaming they are what the new name lacks.",
    fix: "Delete the folders, or move them to the new name.",
    example: "`vars/per-machine/ghost`, `sops/machines/ghost`, `sops/secrets/ghost-age.key`",
  },
  *check(context) {
    const { model, tree } = context;
    yield* undeclared(context);
    if (tree === null) return;
    const { secrets } = tree;
    const held = new Map<string, string[]>();
    const add = (machine: string, path: string): void => void held.set(machine, [...(held.get(machine) ?? []), path]);
    for (const machine of Object.keys(model.vars.perMachine))
      add(machine, `${model.vars.directory}/per-machine/${machine}`);
    for (const machine of secrets.keys.machines.keys()) add(machine, `sops/machines/${machine}`);
    for (const machine of secrets.keptKeys) add(machine, `sops/secrets/${machine}-age.key`);
    for (const [machine, paths] of held) {
      if (Object.hasOwn(model.machines, machine)) continue;
      yield {
        severity: "info",
        subject: { kind: "machine", name: machine },
        message: `the fleet has no machine ${machine}, but ${paths.join(", ")}`,
        at: { file: paths[0] ?? model.vars.directory },
        suggestion: "delete them, or move them to the machine's new name",
      };
    }
  },
};

function* undeclared({ model, configurations }: CheckContext) {
  for (const [machine, generators] of Object.entries(model.vars.perMachine)) {
    const declared = configurations.get(machine)?.generators;
    if (declared === undefined || declared === null) continue;
    const gone = generators.filter((generator) => !Object.hasOwn(declared, generator));
    if (gone.length === 0) continue;
    yield {
      severity: "info" as const,
      subject: { kind: "machine" as const, name: machine },
      message: `${machine} declares no generator ${gone.join(", ")} any more, but has its vars`,
      at: { file: `${model.vars.directory}/per-machine/${machine}/${gone[0]}` },
      suggestion: "delete them",
    };
  }
}
