import type { Rule } from "../rule.ts";

/** A machine that the instances of the users service forgot. */
export const nobodyOnMachine: Rule = {
  id: "FC034",
  title: "a machine that nobody has an account on",
  severities: ["info"],
  evaluated: true,
  text: {
    finds:
      "A NixOS machine without accounts and homes that the fleet knows of, where instances of the users service give accounts to others.",
    silent: "An account that no instance gives is just not there: after an installation nobody can log in.",
    fix: "Give the users instance the machine or its tag. Where only root logs in, say so in a suppression.",
    example: "a new machine that is missing from `user-cameron`'s machines",
  },
  *check({ model, configurations, at }) {
    const served = new Set(
      Object.values(model.instances)
        .filter(({ module }) => module.name === "users" && (module.input ?? "clan-core") === "clan-core")
        .flatMap(({ roles }) => Object.values(roles).flatMap(({ members }) => members))
        .filter((member) => Object.hasOwn(model.machines, member)),
    );
    if (served.size === 0) return;
    for (const [name, { class: machineClass, users, definedAt }] of Object.entries(model.machines)) {
      // What a template or a Nix file declares is only known after evaluation.
      const declared = Object.values(configurations.get(name)?.users ?? {}).some(({ normal }) => normal);
      if (machineClass !== "nixos" || served.has(name) || users.length > 0 || declared) continue;
      yield {
        severity: "info",
        subject: { kind: "machine", name },
        message: `no instance of the users service and no home gives anybody an account on ${name}`,
        at: at(["clan", "machines", name]) ?? definedAt,
        suggestion: `add ${name} to a users instance`,
      };
    }
  },
};
