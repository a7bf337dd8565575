import { MachineNotEvaluatedError } from "../clan/errors.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import type { MachineSecrets, PublishedKey } from "../clan/vars/machine-secrets.ts";
import { type ActivationPolicy, activationPolicySchema } from "../deploy/activation/policy.ts";
import { isAsDeclared, type Outcome } from "../deploy/outcome.ts";
import type { PinnedHostKey } from "../deploy/ssh/host-key.ts";
import type { StatedJump } from "../deploy/ssh/resolve-connection.ts";
import { throwGathered } from "../errors.ts";
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
  /** IP address that is dialled in the place of the target's name, by which its keys are still known. Default: the name. */
  readonly address?: string | undefined;
  /** Private key files in the order they are tried; empty: agent and `~/.ssh/config`. */
  readonly identityFiles: readonly string[];
  /** Pinned public keys and where each comes from; empty: the host is refused. */
  readonly hostKeys: readonly PinnedHostKey[];
  /** What the host showed last and is declared no more: accepted beside `hostKeys` until it shows one of those. */
  readonly formerHostKeys?: readonly PinnedHostKey[] | undefined;
  /** Seconds for which a host that does not answer is tried again. */
  readonly connectDeadlineSeconds: number;
  /** For a host without a pinned key. Default strict. */
  readonly hostKeyPolicy?: "strict" | "accept-new" | undefined;
  /** Hosts to go through, the nearest first; absent: what `~/.ssh/config` says. */
  readonly jumpHosts?: readonly StatedJump[] | undefined;
  /** Who speaks SSH. Default auto. */
  readonly backEnd?: "auto" | "ssh2" | "openssh" | undefined;
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
  readonly owner: StackOwner;
  /** Stacks that the machine was moved from and whose mark the host may still carry. Default: none. */
  readonly formerOwners?: readonly StackOwner[] | undefined;
  /** From the clan's vars; null, or absent: nothing of them on the host is touched. */
  readonly secrets?: MachineSecrets | null;
  /** Of a delivery without secrets: the key that the host should have, to tell whether it opens what the system brings. */
  readonly publishedKey?: PublishedKey | undefined;
}

/** Whose a machine is. */
export interface StackOwner {
  readonly project: string;
  readonly stack: string;
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
    ...(config.hostKeyPolicy === undefined ? {} : { hostKeyPolicy: config.hostKeyPolicy }),
    ...(connection.jumpHosts === undefined ? {} : { jumpHosts: connection.jumpHosts.map(plainJump) }),
    ...(connection.backEnd === undefined ? {} : { backEnd: connection.backEnd }),
    ...(connection.address === undefined ? {} : { address: connection.address }),
  } satisfies Way;
}

function plainJump({ identityFiles, hostKeys, ...jump }: StatedJump) {
  return { ...jump, identityFiles: [...identityFiles], hostKeys: [...hostKeys] };
}

/** What the stack says about a deployment, whatever system is deployed. */
export function settingsOf({ machine, spec }: OwnedMachine, { project, name, file, config }: Stack) {
  return {
    class: spec.class,
    system: platformOf(machine, spec),
    policy: policyOf(machine, { config, file }),
    deadlineSeconds: config.deadlineSeconds ?? defaultDeadlineSeconds,
    owner: { project, stack: name },
  } satisfies Partial<Delivery>;
}

/** @throws {MachineNotEvaluatedError} */
function platformOf(machine: string, { system, problem, definedAt: { file, line } }: OwnedMachine["spec"]): string {
  if (system !== null) return system;
  throw new MachineNotEvaluatedError({
    summary: `${machine}: its platform is not known`,
    expected: "nixpkgs.hostPlatform in its configuration",
    found: problem ?? "none",
    at: line === undefined ? file : `${file}:${line}`,
    fix: problem === undefined ? "state it in the machine's configuration" : "correct what the message names",
  });
}

/** The stack's policy with the host's own over it. @throws {StackConfigError} gathered */
export function policyOf(
  machine: string,
  { config: { policy, hosts }, file }: Pick<Stack, "config" | "file">,
): ActivationPolicy {
  const own: Readonly<Record<string, unknown>> = hosts?.[machine]?.policy ?? {};
  const stated: Readonly<Record<string, unknown>> = { ...policy, ...own };
  const parsed = activationPolicySchema.safeParse(stated);
  if (parsed.success) return parsed.data;
  throwGathered(
    parsed.error.issues.map(({ path, message }) => {
      const key = String(path[0]);
      const at = [Object.hasOwn(own, key) ? `hosts.${machine}.policy` : "policy", ...path.map(String)].join(".");
      return new StackConfigError({
        summary: `${file}: pulumi-clan:${at} has a value that cannot be used`,
        expected: message.replace(/^Invalid (input|option): expected /, "").replace(/, received .*$/, ""),
        found: JSON.stringify(stated[key]) ?? "nothing",
        at: `${file}: pulumi-clan:${at}`,
        fix: `correct it in ${file}`,
      });
    }),
  );
  throw new Error("unreachable: a failed parse has issues");
}

/** The host is as the policy asks for: `dry` only looks, and `boot` leaves the running system for the next boot. */
export function isAsAsked(outcome: Outcome, { mode }: Pick<ActivationPolicy, "mode">): boolean {
  if (mode === "dry") return outcome.kind === "skipped" || outcome.kind === "unchanged";
  if (mode === "boot") return outcome.kind === "staged-for-reboot" || isAsDeclared(outcome);
  return isAsDeclared(outcome);
}

/** Where the system is built: as the stack says, else here when the platform fits, else on the target itself. */
export function buildPlaceOf(machine: string, system: MachineEvaluation, { config }: Stack): "local" | "target" {
  return config.hosts?.[machine]?.buildOn ?? (system.system === localSystem() ? "local" : "target");
}
