import type { NodeModel } from "../clan/fleet-model.ts";
import type { NodeOrder } from "./cloud-node.ts";
import type { FirstLogin } from "./first-login.ts";
import type { ImageOrder } from "./gcp-image.ts";
import { GcpNode } from "./gcp-node.ts";

/** A machine's node as fleet and stack state it. */
export interface StatedNode {
  readonly spec: NodeModel;
  readonly power: "on" | "off";
  readonly zone?: string | undefined;
  /** The zone in which the stack's state has its VM switched off. */
  readonly stoppedIn?: string | undefined;
  /** Absent: nobody logs in to another system than the fleet's own. */
  readonly firstLogin?: FirstLogin | undefined;
  /** Absent: its image is one that is there. */
  readonly imageOrder?: ImageOrder | undefined;
}

/** The component of each kind of node: another cloud is a case here and the component that it names. */
export function nodeOrder(machine: string, { spec, ...state }: StatedNode): NodeOrder {
  switch (spec.kind) {
    case "gcp": {
      const { kind: _kind, definedAt: _definedAt, ...stated } = spec;
      return { power: state.power, make: (name, opts) => new GcpNode(name, { ...stated, ...state, machine }, opts) };
    }
  }
}
