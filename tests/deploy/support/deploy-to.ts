import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { deployMachine, deploymentRequestSchema } from "../../../deploy/deploy-machine.ts";
import type { Outcome } from "../../../deploy/outcome.ts";
import type { SimHost } from "../../../sim/hosts/simulated-host.ts";
import { patience } from "./signals.ts";
import { simSpec } from "./sim-shell.ts";

/** Deploys a system of the simulated builder to a NixOS host, which notices quickly that a connection is dead. */
export function deployTo(
  host: SimHost,
  toplevel: string,
  policy: Readonly<Record<string, unknown>> = {},
): Promise<Outcome> {
  const request = deploymentRequestSchema.parse({
    machine: host.name,
    connection: { ...simSpec(host), keepaliveSeconds: 0.5 },
    class: "nixos",
    system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
    toplevel,
    policy: activationPolicySchema.parse({ reconnectDeadlineSeconds: 20, ...policy }),
    owner: { project: "fleet", stack: "test" },
  });
  return deployMachine(request, () => undefined, patience());
}
