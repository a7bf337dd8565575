import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { MoveError, planMove } from "../../stack/plan-move.ts";
import type { StackState, StateResource } from "../../stack/stack-state.ts";

const types = {
  stack: "pulumi:pulumi:Stack",
  machine: "clan:index:Machine",
  node: "clan:gcp:Node",
  vm: "gcp:compute/instance:Instance",
  closure: "pulumi-nodejs:dynamic/clan:SystemClosure",
} as const;

function urn(stack: string, type: keyof typeof types, name: string): string {
  return `urn:pulumi:${stack}::fleet::${types[type]}::${name}`;
}

/** A machine on a cloud node as a state has it, parents first. */
function machine(stack: string, name: string, vm = "vm-1"): StateResource[] {
  const component = urn(stack, "machine", name);
  const node = urn(stack, "node", `${name}-node`);
  return [
    { urn: component, type: types.machine, parent: urn(stack, "stack", `fleet-${stack}`) },
    { urn: node, type: types.node, parent: component },
    { urn: urn(stack, "vm", `${name}-node-vm`), type: types.vm, parent: node, id: vm },
    { urn: urn(stack, "closure", `${name}-closure`), type: types.closure, parent: component, id: name },
  ];
}

function state(stack: string, ...machines: readonly (readonly StateResource[])[]): StackState {
  const root = { urn: urn(stack, "stack", `fleet-${stack}`), type: types.stack };
  return { stack, resources: [root, ...machines.flat()], pending: 0 };
}

describe("moving a machine between stacks", () => {
  it("takes the machine with everything below it, and nothing else", () => {
    const core = state("core", machine("core", "galena"), machine("core", "galena-2"));
    const move = planMove("galena", core, state("burst"));
    assert.deepEqual(move, {
      kind: "move",
      urn: urn("core", "machine", "galena"),
      resources: machine("core", "galena").map((one) => one.urn),
    });
  });

  it("is done where only the destination has it", () => {
    assert.deepEqual(planMove("galena", undefined, state("burst", machine("burst", "galena"))), { kind: "done" });
  });

  it("that was interrupted at any point is ended by taking the rest out of the source, children first", () => {
    const all = machine("core", "galena");
    const copied = state("burst", machine("burst", "galena"));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: all.length }), (left) => {
        const core = state("core", all.slice(0, left));
        const move = planMove("galena", core, copied);
        const resources = all.slice(0, left).map((one) => one.urn);
        assert.deepEqual(move, { kind: "finish", resources: resources.toReversed() });
      }),
    );
  });

  it("is refused where both stacks have a node of their own for it", () => {
    const burst = state("burst", machine("burst", "galena", "vm-2"));
    assert.throws(
      () => planMove("galena", state("core", machine("core", "galena")), burst),
      (error: unknown) => {
        assert.ok(error instanceof MoveError);
        assert.equal(error.facts.summary, "galena: stacks core and burst both have it, and differ");
        assert.equal(error.facts.found, `${urn("core", "vm", "galena-node-vm")}, id vm-1: not in burst`);
        return true;
      },
    );
  });

  it("is refused while an update of either is unfinished, and of a machine that no state has", () => {
    const core = state("core", machine("core", "galena"));
    assert.throws(
      () => planMove("galena", { ...core, pending: 1 }, state("burst")),
      /core has an update that was inter/,
    );
    assert.throws(() => planMove("galena", core, { ...state("burst"), pending: 2 }), /burst has an update/);
    assert.throws(() => planMove("galena", undefined, state("burst")), /no stack's state has it/);
  });
});
