import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** What a move from sops-nix files to clan's vars has still to do. */
export const besideVars: Rule = {
  id: "FC065",
  title: "machine secrets that live beside clan's vars",
  severities: ["info"],
  evaluated: true,
  text: {
    finds:
      "Secrets of `sops.secrets` that are none of clan's vars, of a machine that has generators and of the homes on it.",
    silent:
      "Both work side by side; which secret is made anew how, and who can open it, is then answered in two places.",
    fix: "Declare a generator for each, and delete the sops file; user secrets may stay what they are. This is the list of what is left to do, no mistake.",
    example: '`sops.secrets."wifi/psk"` beside `clan.core.vars.generators`',
  },
  *check({ model, configurations }) {
    for (const [machine, { secrets, generators }] of configurations) {
      if (Object.keys(generators ?? {}).length === 0) continue;
      // Source: clan-core 26.05, `nixosModules/clanCore/vars/secret/sops`: `sops.secrets."vars/<generator>/<file>"`.
      const own = (secrets?.sopsSecrets ?? []).filter((name) => !name.startsWith("vars/"));
      const homes = Object.entries(secrets?.homes ?? {}).filter(([, home]) => home.secrets.length > 0);
      const kept = [
        ...(own.length === 0 ? [] : [own.join(", ")]),
        ...homes.map(([user, home]) => `${home.secrets.join(", ")} of the home of ${user}`),
      ];
      if (kept.length === 0) continue;
      yield {
        severity: "info",
        subject: { kind: "machine", name: machine },
        message: `${machine} keeps ${kept.join("; ")} in sops files beside clan's vars`,
        at: machineOf(model, machine)?.definedAt ?? null,
        suggestion: "declare a generator for each, and delete it from the sops file",
      };
    }
  },
};
