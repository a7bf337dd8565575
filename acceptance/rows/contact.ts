import type { FleetEvent } from "../../report.ts";
import { startCuttableWay } from "../cuttable-way.ts";
import type { Change, HostUnderTest } from "../host-under-test.ts";
import { killDuring } from "../killed-operator.ts";
import type { Row } from "../row.ts";

const everywhere = ["nixos", "darwin"] as const;

/** Its activation is under way or done on the host, and not yet acknowledged. */
export function isInTest({ level, phase }: FleetEvent): boolean {
  return phase === "health" || (phase === "test" && level === "debug");
}

/** One whose activation is sure to say something: a Mac's tells of a daemon that it loads. */
function talkative(host: HostUnderTest): Change {
  return host.class === "darwin" ? "unit" : "same";
}

// So that there is a time between test and acknowledgement also where an activation says nothing and is quick.
const shortGate = {
  kind: "command",
  argv: ["/bin/sh", "-c", "exit 0"],
  stableForSeconds: 3,
  intervalSeconds: 0.5,
  deadlineSeconds: 60,
};

/** Operators, connections and other operators. */
export const contactRows: readonly Row[] = [
  {
    id: "operator-killed",
    title: "the operator's process is killed during the test",
    does: "switches to a copy by a process that is killed, then once more",
    expected: "the next run takes the activation up: switched",
    classes: everywhere,
    async run(host, checks, signal) {
      const system = await host.variant(talkative(host), "operator", signal);
      const policy = { ackDeadlineSeconds: 300, healthGates: [{ ...shortGate, stableForSeconds: 50 }] };
      const last = await killDuring(host.request(system, { policy }), isInTest, signal);
      checks.outcomes.push(`killed at: ${last.phase}`);
      const messages: string[] = [];
      const onEvent = ({ message }: FleetEvent): void => void messages.push(message);
      checks.outcome("the next run", "switched", await host.deploy(system, { onEvent }, signal));
      checks.holds(
        "it took the activation up",
        messages.some((message) => message.startsWith("taking up the activation")),
      );
      await checks.settledOn(system, host, signal);
    },
  },
  {
    id: "connection-cut",
    title: "the connection is cut during the test",
    does: "switches to a copy; every connection of this run is cut once",
    expected: "connects again: switched",
    classes: everywhere,
    forwards: true,
    async run(host, checks, signal) {
      const system = await host.variant(talkative(host), "cut", signal);
      await using way = await startCuttableWay(host.spec);
      let cuts = 0;
      const onEvent = (event: FleetEvent): void => {
        if (cuts === 0 && isInTest(event)) cuts = way.cut();
      };
      const options = {
        onEvent,
        connection: { address: way.address, port: way.port },
        policy: { healthGates: [shortGate] },
      };
      checks.outcome("deployment", "switched", await host.deploy(system, options, signal));
      checks.holds("connections were cut", cuts > 0, String(cuts));
      // One to go on, one to acknowledge.
      checks.holds("it connected again", way.opened >= 2, String(way.opened));
      await checks.settledOn(system, host, signal);
    },
  },
  {
    id: "superseded",
    title: "somebody else switches between test and commit",
    does: "switches to a copy, and before its commit to another one as nixos-rebuild test or darwin-rebuild activate would",
    expected: "superseded; theirs runs on; the next run: switched",
    classes: everywhere,
    async run(host, checks, signal) {
      const ours = await host.variant("same", "ours", signal);
      const theirs = await host.variant("same", "theirs", signal);
      await host.deploy(await host.variant("same", "a", signal), {}, signal);
      const before = await host.facts(signal);
      const act =
        host.class === "darwin" ? `${theirs}/activate` : `${theirs}/bin/switch-to-configuration test || [ $? = 4 ]`; // 4: also what had failed before
      const gate = { kind: "command", argv: ["/bin/sh", "-c", act], attemptSeconds: 300, deadlineSeconds: 600 };
      const outcome = await host.deploy(ours, { policy: { healthGates: [gate] } }, signal);
      checks.outcome("deployment", "superseded", outcome);
      const after = await host.facts(signal);
      checks.equal("running system", theirs, after.current ?? "none");
      checks.equal("profile", before.profile ?? "none", after.profile ?? "none");
      checks.outcome("the next run", "switched", await host.deploy(ours, {}, signal));
      await checks.settledOn(ours, host, signal);
    },
  },
];
