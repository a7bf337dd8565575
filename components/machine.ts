import * as pulumi from "@pulumi/pulumi";
import type { MachineModel } from "../clan/fleet-model.ts";
import { atNode } from "../clan/target-host.ts";
import { Installation } from "../providers/installation.ts";
import type { InstallationInputs } from "../providers/installation-schema.ts";
import { SystemClosure } from "../providers/system-closure.ts";
import type { ClosureInputs, Observed } from "../providers/system-closure-schema.ts";
import { noAddress } from "../providers/system-closure-schema.ts";
import type { ChooseWay, ChosenWay, DialledAt, NodeSeen } from "../stack/choose-way.ts";
import type { MachineTime } from "../stack/times.ts";
import type { CloudNode, NodeOrder } from "./cloud-node.ts";
import type { MachineOutcome } from "./machine-registry.ts";
import { timeOf } from "./machine-time.ts";
import { MachineTurn } from "./machine-turn.ts";
import { nameAlone } from "./name-alone.ts";
import type { Place } from "./place.ts";
import { endOf, tolerateFailure } from "./tolerate-failure.ts";

/** How the machine's system is built and delivered: everything but the way to the host. */
export type Delivery = Omit<
  ClosureInputs,
  "machine" | "class" | "targetHost" | "address" | "instanceId" | "observed" | "reportTo" | "power" | "held"
>;

/** What the host of one machine said, for people and for `diff`. */
export interface HostProbe {
  /** Null: nobody is to be told, as in an update. */
  readonly text: string | null;
  /** Null: it did not answer, or could not be asked. */
  readonly observed: Observed | null;
  /** Why nobody answers there; absent: somebody does, or it was not asked. */
  readonly unreachable?: string | undefined;
  /** Something answers there, but shows another key, or lets nobody in. Absent: neither. */
  readonly blocked?: "host-key" | "authentication" | undefined;
}

/** How the machine is installed: everything but the way to the host and what the cloud says of it. */
export type InstallationOrder = Omit<
  InstallationInputs,
  "targetHost" | "instanceId" | "reportTo" | "power" | "machine"
>;

export interface MachineSettings {
  /** Its name in the fleet. */
  readonly machine: string;
  /** Plain data: the resource tree never depends on a value that is unknown in a preview. */
  readonly spec: MachineModel;
  /** How its system is built and delivered. */
  readonly delivery: Delivery;
  /** `[user@]host[:port]` to dial. */
  readonly targetHost: string;
  /** IP address that is dialled in the place of the target's name. Default: the name. */
  readonly address?: string | undefined;
  /** `node`, or absent: for a machine on a node the node's address takes the host's place. Otherwise it is dialled as it stands. */
  readonly addressFrom?: "stack" | "inventory" | "node";
  /** Whether the node's address takes the host's place, when both may be dialled. Default: it does. */
  readonly chooseWay?: ChooseWay | undefined;
  /** Asks the host what it runs: a few lines for people in a preview, and what `diff` compares. */
  readonly probe: (dialled: TakenWay) => Promise<HostProbe>;
  /** The cloud node under the machine. Absent: the machine is somewhere already. */
  readonly node?: NodeOrder;
  /** A host that runs another system is made a NixOS. Absent: it is refused. */
  readonly installation?: InstallationOrder;
  /** Its place in the rollout. Absent: it is deployed to at once. */
  readonly place?: Place | undefined;
}

export type TakenWay = DialledAt & Partial<ChosenWay>;

/** The way of one run; on a node it is known when the VM is there. */
export interface WayOfRun {
  readonly dialled: pulumi.Output<TakenWay>;
  readonly under?: CloudNode;
  /** null: there is no VM, its creation failed. Absent: no node. */
  readonly seen?: pulumi.Output<NodeSeen | null>;
}

/**
 * A registered machine and the system it runs. Children: `<name>-node` and `<name>-installation` where it has them,
 * `<name>-closure`, `<name>-first-login` on a node that lets somebody in.
 */
export class Machine extends pulumi.ComponentResource {
  /** This machine's row in the fleet's table. */
  declare readonly row: pulumi.Output<MachineOutcome>;
  /** How long its deployment took, when it has ended; undefined: this run did not deploy to it. */
  readonly time: Promise<MachineTime | undefined>;
  /** When the engine is done with its system, however that ended. */
  readonly ended: Promise<unknown>;

  constructor(name: string, settings: MachineSettings, opts?: pulumi.ComponentResourceOptions) {
    const { spec, delivery, node } = settings;
    // A preview shows changes of these; where the machine is defined is none, or an edit above it would be one.
    const { definedAt: _definedAt, ...stated } = spec;
    const shown = { machine: settings.machine, spec: stated, toplevel: delivery.toplevel };
    super("clan:index:Machine", name, shown, opts);
    const way = this.#way(name, settings);
    const { dialled, under } = way;
    const turn = new MachineTurn(settings, way, this);
    const { observed, held } = turn;
    const installed = this.#install(name, settings, way, turn);
    const closure = new SystemClosure(
      `${name}-closure`,
      {
        ...delivery,
        hostKeys: this.#hostKeys(settings, way, observed),
        machine: settings.machine,
        class: spec.class,
        targetHost: dialled.targetHost,
        address: dialled.apply(({ address }) => address),
        instanceId: instanceOf(way),
        observed,
        held,
        power: node?.power ?? "on",
        reportTo: nameAlone(this),
      },
      // A host that goes with its VM is not asked to be given back: there is nobody to ask any more.
      {
        parent: this,
        ...(installed === undefined ? {} : { dependsOn: [installed] }),
        ...(under === undefined ? {} : { deletedWith: under }),
      },
    );
    // Either of them is null until a NixOS of the fleet was there.
    const runs: pulumi.Output<string | null> = installed?.installed ?? closure.running;
    const isOurs = pulumi.recover(
      runs.apply((what) => what !== null),
      () => false,
    );
    // It waits for that word alone: with --continue-on-error what depends on a failed resource ends the program with an exception.
    under?.endFirstLogin?.(isOurs, { parent: this });
    tolerateFailure(closure); // the error stands on the resource, and the machine's row says so
    this.ended = endOf(closure);
    this.row = turn.rowOf(closure);
    this.time = timeOf(settings.machine, closure, settings.place?.turn);
    this.registerOutputs({ outcome: this.row.outcome });
  }

  /**
   * Before the first deployment, and to a VM that is another one; always at the VM itself, since wherever else the machine's
   * name leads is not what is to be wiped. A host that answered as NixOS is not asked for the keys of another system.
   */
  #install(
    name: string,
    { machine, installation, node, addressFrom = "node" }: MachineSettings,
    way: WayOfRun,
    { observed, held }: Pick<MachineTurn, "observed" | "held">,
  ): Installation | undefined {
    if (installation === undefined) return undefined;
    const { under } = way;
    const stated = installation.foreignHostKeys;
    const ask = (node_: CloudNode) => node_.guestHostKeys(installation.deadlines?.hostKeySeconds);
    const foreignHostKeys =
      under === undefined || observed === null || stated.length > 0
        ? stated
        : observed.apply((seen) => (seen === null && !pulumi.runtime.isDryRun() ? ask(under) : stated));
    const { address: _address, ...order } = installation;
    const onNode = under !== undefined && addressFrom === "node";
    return new Installation(
      `${name}-installation`,
      {
        ...(onNode ? order : installation),
        machine,
        targetHost: onNode ? hostOf(way) : way.dialled.targetHost,
        foreignHostKeys: pulumi.output(foreignHostKeys).apply((keys) => [...keys]),
        instanceId: instanceOf(way),
        // A machine without its turn is left alone here, too: as one whose node is off.
        power: held.apply((reason) => (reason === null ? (node?.power ?? "on") : "off")),
        reportTo: nameAlone(this),
      },
      { parent: this, ...(under === undefined ? {} : { deletedWith: under }) },
    );
  }

  /** Of a VM that boots an image of this machine the cloud knows the key, until the machine's own comes with a deployment. */
  #hostKeys(
    { delivery: { hostKeys } }: MachineSettings,
    { under }: WayOfRun,
    observed: MachineTurn["observed"],
  ): pulumi.Input<ClosureInputs["hostKeys"]> {
    if (under?.showsFirstKey !== true || observed === null || pulumi.runtime.isDryRun()) return hostKeys;
    return observed.apply((seen) => {
      if (seen !== null) return pulumi.output(hostKeys);
      return under.guestHostKeys().apply((keys) => [...hostKeys, ...keys]);
    });
  }

  #way(name: string, { targetHost, address, addressFrom = "node", node, chooseWay }: MachineSettings): WayOfRun {
    const stated: DialledAt = { targetHost, address };
    if (node === undefined) return { dialled: pulumi.output(stated) };
    const under = node.make(`${name}-node`, { parent: this });
    // A failed node would fail the registration of its dependents as exceptions; `check` says it in a sentence.
    const seen = pulumi.recover<NodeSeen | null>(
      pulumi
        .all([under.address, under.instanceId])
        .apply(([own, instanceId]): NodeSeen => ({ atNode: atNode(targetHost, own), instanceId })),
      () => null,
    );
    const dialled = seen.apply(async (vm): Promise<TakenWay> => {
      // Also where the stack states the address: nobody is there before the node is.
      if (vm === null) return { targetHost: noAddress };
      if (addressFrom !== "node") return stated;
      return chooseWay === undefined ? { targetHost: vm.atNode } : chooseWay(vm);
    });
    return { dialled, under, seen };
  }
}

function instanceOf({ seen }: WayOfRun): pulumi.Output<string | undefined> {
  return pulumi.output(seen).apply((vm) => vm?.instanceId);
}

function hostOf({ seen }: WayOfRun): pulumi.Output<string> {
  return pulumi.output(seen).apply((vm) => vm?.atNode ?? noAddress);
}
