import { machineOf } from "../machines.ts";
import type { Rule } from "../rule.ts";

/** The key that opens a machine's secrets is one of them. */
export const circularKey: Rule = {
  id: "FC063",
  title: "a machine's key that lies in its own secrets",
  severities: ["error"],
  evaluated: true,
  text: {
    finds:
      "A machine without an age key of its own (`sops.age.keyFile`) whose only other keys, the SSH host keys of `sops.age.sshKeyPaths`, are secrets that they themselves have to open.",
    silent:
      "It works until the next installation: then there is neither the host key nor what would open it, and sshd does not start.",
    fix: "Give the machine an age key of its own: `fleet vars generate <machine> --generator age-key --regenerate`.",
    example: "clan's sshd service keeps the host key as a var, and sops-nix takes host keys for age keys by default",
  },
  *check({ model, configurations }) {
    for (const [machine, { secrets, generators }] of configurations) {
      if (secrets === undefined || secrets.keyFile !== null || secrets.sshKeyPaths.length === 0) continue;
      const kept = new Set(
        Object.values(generators ?? {}).flatMap(({ files }) =>
          Object.values(files).flatMap(({ secret, deploy, path }) => (secret && deploy && path != null ? [path] : [])),
        ),
      );
      if (!secrets.sshKeyPaths.every((path) => kept.has(path))) continue;
      yield {
        severity: "error",
        subject: { kind: "machine", name: machine },
        message: `${machine} opens its secrets with ${secrets.sshKeyPaths.join(", ")}, which is one of these secrets`,
        at: machineOf(model, machine)?.definedAt ?? null,
        suggestion: `fleet vars generate ${machine} --generator age-key --regenerate`,
      };
    }
  },
};
