import * as pulumi from "@pulumi/pulumi";
import type { MachineModel } from "../clan/fleet-model.ts";
import { atNode } from "../clan/target-host.ts";
import { Installation } from "../providers/installation.ts";
import type { InstallationInputs } from "../providers/installation-schema.ts";
import { SystemClosure } from "../providers/system-closure.ts";
import type { ClosureInputs, Observed } from "../providers/system-closure-schema.ts";
import { noAddress } from "../providers/system-closure-schema.ts";
import type { CloudNode, NodeOrder } from "./cloud-node.ts";
import type { MachineOutcome } from "./machine-registry.ts";
import { nameAlone } from "./name-alone.ts";
import { tolerateFailure } from "./tolerate-failure.ts";

/** How the machine's system is built and delivered: everything but the way to the host. */
export type Delivery = Omit<ClosureInputs, "machine" | "class" | "targetHost" | "observed" | "reportTo" | "power">;

/** How the machine is installed: everything but the way to the host and what the cloud says of it. */
export type InstallationOrder = Omit<
  InstallationInputs,
  "targetHost" | "instanceId" | "reportTo" | "power" | "machine"
>;

export interface MachineSettings {
  readonly machine: string;
  /** Plain data: the resource tree never depends on a value that is unknown in a preview. */
  readonly spec: MachineModel;
  readonly delivery: Delivery;
  /** `[user@]host[:port]` to dial. */
  readonly targetHost: string;
  /** `node`, or absent: for a machine on a node the node's address takes the host's place. Otherwise it is dialled as it stands. */
  readonly addressFrom?: "stack" | "inventory" | "node";
  /** Asks the host what it runs: a few lines for people in a preview, and what `diff` compares. */
  readonly probe: (targetHost: string) => Promise<{ readonly text: string | null; readonly observed: Observed | null }>;
  /** The cloud node under the machine. Absent: the machine is somewhere already. */
  readonly node?: NodeOrder;
  /** A host that runs another system is made a NixOS. Absent: it is refused. */
  readonly installation?: InstallationOrder;
}

const failure = { outcome: "failed", generation: null, seconds: 0 } as const;

/** A registered machine and the system it runs. Children: `<name>-node` and `<name>-installation` where it has them, `<name>-closure`. */
export class Machine extends pulumi.ComponentResource {
  /** This machine's row in the fleet's table. */
  declare readonly row: pulumi.Output<MachineOutcome>;

  constructor(name: string, settings: MachineSettings, opts?: pulumi.ComponentResourceOptions) {
    const { spec, delivery, node } = settings;
    // A preview shows changes of these; where the machine is defined is none, or an edit above it would be one.
    const { definedAt: _definedAt, ...stated } = spec;
    const shown = { machine: settings.machine, spec: stated, toplevel: delivery.toplevel };
    super("clan:index:Machine", name, shown, opts);
    const { targetHost, under } = this.#way(name, settings);
    const observed = node?.power === "off" ? null : this.#observe(settings, targetHost);
    const installed = this.#install(name, settings, { targetHost, observed, under });
    const closure = new SystemClosure(
      `${name}-closure`,
      {
        ...delivery,
        machine: settings.machine,
        class: spec.class,
        targetHost,
        observed,
        power: node?.power ?? "on",
        reportTo: this.urn,
      },
      // A host that goes with its VM is not asked to be given back: there is nobody to ask any more.
      {
        parent: this,
        ...(installed === undefined ? {} : { dependsOn: [installed] }),
        ...(under === undefined ? {} : { deletedWith: under }),
      },
    );
    const row = pulumi
      .all([closure.outcome, closure.running, closure.generation, closure.seconds, targetHost])
      .apply(([outcome, toplevel, generation, seconds, host]): MachineOutcome => {
        return { class: spec.class, outcome, toplevel, generation, seconds, targetHost: host };
      });
    tolerateFailure(closure); // the error stands on the resource, and the machine's row says so
    this.row = pulumi.recover(row, () => this.#afterFailure(settings, targetHost));
    this.registerOutputs({ outcome: this.row.outcome });
  }

  /** Before the first deployment. A host that answered as NixOS is not asked for the keys of another system. */
  #install(
    name: string,
    { machine, installation, node }: MachineSettings,
    {
      targetHost,
      observed,
      under,
    }: {
      readonly targetHost: pulumi.Input<string>;
      readonly observed: pulumi.Output<Observed | null> | null;
      readonly under: CloudNode | undefined;
    },
  ): Installation | undefined {
    if (installation === undefined) return undefined;
    const stated = installation.foreignHostKeys;
    const ask = (node_: CloudNode) => node_.guestHostKeys(installation.deadlines?.hostKeySeconds);
    const foreignHostKeys =
      under === undefined || observed === null || stated.length > 0
        ? stated
        : observed.apply((seen) => (seen === null && !pulumi.runtime.isDryRun() ? ask(under) : stated));
    return new Installation(
      `${name}-installation`,
      {
        ...installation,
        machine,
        targetHost,
        foreignHostKeys: pulumi.output(foreignHostKeys).apply((keys) => [...keys]),
        ...(under === undefined ? {} : { instanceId: under.instanceId }),
        power: node?.power ?? "on",
        reportTo: nameAlone(this),
      },
      { parent: this, ...(under === undefined ? {} : { deletedWith: under }) },
    );
  }

  /** What the host runs, told before an update; an address that is not known yet is not asked. */
  #observe({ probe }: MachineSettings, targetHost: pulumi.Input<string>): pulumi.Output<Observed | null> {
    return pulumi.output(targetHost).apply(async (host) => {
      if (host === noAddress) return null;
      const { text, observed } = await probe(host);
      if (text !== null) await pulumi.log.info(text, this);
      return observed;
    });
  }

  /** A failed resource gives the program no outputs: what came of the host, the host says itself. */
  #afterFailure(
    { spec, probe, targetHost: stated }: MachineSettings,
    targetHost: pulumi.Input<string>,
  ): pulumi.Output<MachineOutcome> {
    return pulumi.output(targetHost).apply(async (host) => {
      const row = { ...failure, class: spec.class, toplevel: null };
      if (host === noAddress) return { ...row, targetHost: stated };
      const { observed } = await probe(host);
      return { ...row, toplevel: observed?.running ?? null, targetHost: host };
    });
  }

  #way(
    name: string,
    { targetHost, addressFrom = "node", node }: MachineSettings,
  ): { readonly targetHost: pulumi.Input<string>; readonly under?: CloudNode } {
    if (node === undefined) return { targetHost };
    const under = node.make(`${name}-node`, { parent: this });
    // Also where the stack states the address: nobody is there before the node is.
    const way = under.address.apply((address) => (addressFrom === "node" ? atNode(targetHost, address) : targetHost));
    // A failed node would fail the registration of its dependents as exceptions; `check` says it in a sentence.
    const dialled = pulumi.recover<string>(way, () => noAddress);
    return { targetHost: dialled, under };
  }
}
