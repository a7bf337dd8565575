import { lookAt } from "../deploy/observation/look.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import type { Way } from "./delivery.ts";
import type { KnownDeployment } from "./plan/plan-machine.ts";
import { endedWell } from "./plan/plan-reasons.ts";
import { resolveWay } from "./way-to-host.ts";

/** Where a machine is dialled. */
export interface DialledAt {
  /** `[user@]host[:port]`. */
  readonly targetHost: string;
  /** IP address that is dialled in the place of the target's name. */
  readonly address?: string | undefined;
}

/** Which of the two ways to a machine on a cloud node was taken. */
export interface ChosenWay extends DialledAt {
  /** One line that names both ways. */
  readonly why: string;
  /** Somebody else answers where the machine is declared to be. */
  readonly isAlarming: boolean;
}

/** A VM that is there. */
export interface NodeSeen {
  /** `[user@]host[:port]` with the VM's own address. */
  readonly atNode: string;
  /** The cloud's number of the VM. */
  readonly instanceId: string;
}

/** Chooses between a machine's declared host and its node. */
export type ChooseWay = (node: NodeSeen) => Promise<ChosenWay>;

/** A machine on a cloud node is declared somewhere, and the node has an address of its own. */
export interface TwoWays {
  /** As the fleet declares it. */
  readonly declared: Way;
  /** `[user@]host[:port]` with the node's own address. */
  readonly atNode: string;
  /** This stack has deployed to this very VM: before that, whoever answers at the declared name is another host. */
  readonly isDeployed: boolean;
}

/**
 * Whether the declared host can be this very VM. What failed at the node tells nothing of it; what was dialled there once is
 * the VM, however that ended.
 * @param known - what the stack's state has of the machine. @param declaredHost - as the fleet declares it.
 */
export function isDeployedTo(instanceId: string, known: KnownDeployment | undefined, declaredHost: string): boolean {
  if (known?.instanceId !== instanceId || typeof known.running !== "string") return false;
  return known.targetHost === declaredHost || endedWell(known);
}

/** Asked without waiting, as a plan asks: a name that leads nowhere must not hold up those that wait for the node. */
const askSeconds = 5;

/**
 * The declared host once it answers with the pinned key, else the node's own address. An outside address of a cloud may be
 * closed for SSH as soon as the machine is in the fleet's own network; before that there is no other way. Touches nothing.
 */
export async function chooseWay(
  { declared, atNode, isDeployed }: TwoWays,
  signal: AbortSignal,
  sudoPassword?: SecretText,
): Promise<ChosenWay> {
  const { targetHost, address } = declared;
  const name = nameOf(declared);
  const stay = (why: string, isAlarming = false): ChosenWay => {
    return { targetHost: atNode, why: `${atNode}, its node's own address; ${why}`, isAlarming };
  };
  if (!isDeployed) return stay(`${name} is asked once a deployment to this VM has ended well`);
  try {
    const spec = await resolveWay({ ...declared, hostKeyPolicy: "strict" }, sudoPassword);
    const own = parseTarget(atNode, declared.machine).address;
    if (spec.address === own && spec.jumpHosts.length === 0) return stay(`${name} is the same`);
    const look = await lookAt(spec, { deadlineSeconds: askSeconds }, async () => undefined, signal);
    if (look.kind !== "seen") return stay(`${name}: ${plain(look.reason, declared)}`, look.kind === "host-key");
    const why = `${name}, which answers with the pinned key; its node's own address is ${own}`;
    return { targetHost, ...(address === undefined ? {} : { address }), why, isAlarming: false };
  } catch (error) {
    if (error instanceof FleetError) return stay(`${name}: ${plain(error.facts.summary, declared)}`);
    throw error;
  }
}

function nameOf({ targetHost, address }: DialledAt): string {
  return address === undefined ? targetHost : `${targetHost} (${address})`;
}

function plain(reason: string, { machine }: Way): string {
  return reason.replace(`${machine}: `, "");
}
