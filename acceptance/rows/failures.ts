import type { Change, DeployOptions, HostUnderTest } from "../host-under-test.ts";
import { variantUnit } from "../host-under-test.ts";
import type { Checks, Row } from "../row.ts";

/** Deploys what must not stay; the host must be as before, whatever that was. */
async function mustGoBack(
  host: HostUnderTest,
  checks: Checks,
  { change, label, options = {} }: { change: Change; label: string; options?: DeployOptions },
  signal: AbortSignal,
): Promise<string> {
  // From a settled state: what is gone back to is what profile and boot entry name.
  const base = await host.variant("same", "a", signal);
  await host.deploy(base, {}, signal);
  const before = await host.facts(signal);
  const outcome = await host.deploy(await host.variant(change, label, signal), options, signal);
  checks.outcome("deployment", "rolled-back", outcome);
  const after = await checks.settledOn(base, host, signal);
  checks.equal("generation", String(before.generation), String(after.generation));
  checks.holds("the unit is gone", !(await host.look(signal)).unit);
  return outcome.reason ?? "";
}

/** Systems that are no good. */
export const failureRows: readonly Row[] = [
  {
    id: "failing-unit",
    title: "a unit that fails",
    does: "switches to a copy with a unit that fails, and expects the way back",
    expected: "rolled-back; the unit is named",
    classes: ["nixos"],
    elsewhere: "launchd tells nobody that a job failed: on a Mac a health gate has to look",
    changesUnits: true,
    async run(host, checks, signal) {
      const reason = await mustGoBack(host, checks, { change: "failing-unit", label: "a" }, signal);
      checks.holds("the reason names the unit", reason.includes(`${variantUnit}.service`), reason);
    },
  },
  {
    id: "failing-activation",
    title: "an activation script that fails",
    does: "switches to a copy whose activation script fails (darwin: just before its last step)",
    expected: "rolled-back",
    classes: ["nixos", "darwin"],
    async run(host, checks, signal) {
      const reason = await mustGoBack(host, checks, { change: "failing-activation", label: "a" }, signal);
      checks.holds("the reason names what failed", reason.includes(variantUnit), reason);
    },
  },
  {
    id: "health-gate",
    title: "a health gate that does not hold",
    does: "switches to a copy and declares it unhealthy",
    expected: "rolled-back",
    classes: ["nixos", "darwin"],
    async run(host, checks, signal) {
      const gate = { kind: "command", argv: ["/bin/sh", "-c", "exit 1"], deadlineSeconds: 3, intervalSeconds: 1 };
      const options = { policy: { healthGates: [gate] } };
      const reason = await mustGoBack(host, checks, { change: "same", label: "unhealthy", options }, signal);
      checks.holds("the reason names the gate", reason.includes("not healthy"), reason);
    },
  },
  {
    id: "sshd-stopped",
    title: "a system that stops sshd",
    does: "stops sshd and ends every ssh session for about half a minute; a timer starts sshd in any case after 15 minutes",
    expected: "rolled-back by the host itself",
    classes: ["nixos"],
    elsewhere: "the sshd of a Mac is macOS' own: no activation starts it again",
    changesUnits: true,
    async run(host, checks, signal) {
      await host.safetyNet("arm", signal);
      const options = { policy: { ackDeadlineSeconds: 10, reconnectDeadlineSeconds: 180 } };
      const reason = await mustGoBack(host, checks, { change: "cut-off", label: "a", options }, signal);
      checks.holds("nobody told it to", reason.includes("no acknowledgement within"), reason);
      await host.safetyNet("disarm", signal);
    },
  },
];
