import { previousGeneration } from "../../deploy/observation/generations.ts";
import type { Row } from "../row.ts";

const everywhere = ["nixos", "darwin"] as const;

/** What goes well. */
export const deploymentRows: readonly Row[] = [
  {
    id: "same-system",
    title: "the host's own system under another path",
    does: "switches to a copy of the system that runs",
    expected: "switched",
    classes: everywhere,
    async run(host, checks, signal) {
      const system = await host.variant("same", "a", signal);
      checks.outcome("deployment", "switched", await host.deploy(system, {}, signal));
      await checks.settledOn(system, host, signal);
    },
  },
  {
    id: "no-op",
    title: "the same system once more",
    does: "deploys what runs already",
    expected: "unchanged",
    classes: everywhere,
    async run(host, checks, signal) {
      const system = await host.variant("same", "a", signal);
      await host.deploy(system, {}, signal);
      const before = await host.facts(signal);
      checks.outcome("deployment", "unchanged", await host.deploy(system, {}, signal));
      const after = await checks.settledOn(system, host, signal);
      checks.equal("generation", String(before.generation), String(after.generation));
    },
  },
  {
    id: "one-more-unit",
    title: "one more unit (darwin: one more launch daemon)",
    does: "switches to a copy with a unit that does nothing",
    expected: "switched; the unit is active",
    classes: everywhere,
    changesUnits: true,
    async run(host, checks, signal) {
      const system = await host.variant("unit", "a", signal);
      checks.outcome("deployment", "switched", await host.deploy(system, {}, signal));
      await checks.settledOn(system, host, signal);
      checks.holds("the unit is there", (await host.look(signal)).unit);
    },
  },
  {
    id: "rollback",
    title: "the rollback command's way: the generation before, as a deployment",
    does: "switches to a copy with one more unit, and back to the one before",
    expected: "switched; the unit is gone",
    classes: everywhere,
    changesUnits: true,
    async run(host, checks, signal) {
      const before = await host.variant("same", "b", signal);
      const newer = await host.variant("unit", "b", signal);
      checks.outcome("first deployment", "switched", await host.deploy(before, {}, signal));
      checks.outcome("second deployment", "switched", await host.deploy(newer, {}, signal));
      const { generation, current } = await host.facts(signal);
      const chosen = previousGeneration(await host.generations(signal), { generation, toplevel: current });
      checks.equal("the generation before", before, chosen?.toplevel ?? "none");
      if (chosen === undefined) return;
      checks.outcome("rollback", "switched", await host.deploy(chosen.toplevel, {}, signal));
      await checks.settledOn(before, host, signal);
      checks.holds("the unit is gone", !(await host.look(signal)).unit);
    },
  },
];
