import { type ActivationPolicy, activationPolicySchema } from "../deploy/activation/policy.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";
import { localSystem } from "../local-nix/evaluation-request.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { HostConnection } from "./connections.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** How a machine is dialled and recognised. */
export interface Way {
  readonly machine: string;
  /** `[user@]host[:port]`. */
  readonly targetHost: string;
  /** Private key files in the order they are tried; empty: agent and `~/.ssh/config`. */
  readonly identityFiles: readonly string[];
  /** Pinned public keys and where each comes from; empty: the host is refused. */
  readonly hostKeys: readonly PinnedHostKey[];
  /** Seconds for which a host that does not answer is tried again. */
  readonly connectDeadlineSeconds: number;
}

/** Everything that one machine's deployment needs; plain JSON. */
export interface Delivery extends Way {
  readonly class: "nixos" | "darwin";
  readonly system: string;
  readonly toplevel: StorePath;
  /** On the operator's machine; absent: the toplevel is built already. */
  readonly drvPath?: string;
  readonly buildOn: "local" | "target";
  readonly policy: ActivationPolicy;
  /** Seconds for the whole: build, push, activation. */
  readonly deadlineSeconds: number;
  readonly owner: { readonly project: string; readonly stack: string };
}

const defaultConnectDeadlineSeconds = 60;
const defaultDeadlineSeconds = 4 * 3600;

/** The way to a machine, as the stack states it. */
export function wayOf(machine: string, connection: HostConnection, { config }: Stack) {
  return {
    machine,
    targetHost: connection.targetHost,
    identityFiles: [...connection.identityFiles],
    hostKeys: [...connection.hostKeys],
    connectDeadlineSeconds: config.connectDeadlineSeconds ?? defaultConnectDeadlineSeconds,
  } satisfies Way;
}

/** What the stack says about a deployment, whatever system is deployed. */
export function settingsOf({ spec }: OwnedMachine, { project, name, config }: Stack) {
  return {
    class: spec.class,
    system: spec.system,
    policy: activationPolicySchema.parse(config.policy ?? {}),
    deadlineSeconds: config.deadlineSeconds ?? defaultDeadlineSeconds,
    owner: { project, stack: name },
  } satisfies Partial<Delivery>;
}

/** Where the system is built: as the stack says, else here when the platform fits, else on the target itself. */
export function buildPlaceOf(machine: string, system: MachineEvaluation, { config }: Stack): "local" | "target" {
  return config.hosts?.[machine]?.buildOn ?? (system.system === localSystem() ? "local" : "target");
}
