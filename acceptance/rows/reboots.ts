import type { Row } from "../row.ts";

const elsewhere = "a Mac is not rebooted: its disk may ask for a password, and nobody can tell beforehand";

/** What a reboot does to a deployment. */
export const rebootRows: readonly Row[] = [
  {
    id: "reboot-before-commit",
    title: "a reboot between test and commit",
    does: "switches to a copy and REBOOTS the host before the commit",
    expected: "interrupted, the old system runs; the next run: switched",
    classes: ["nixos"],
    elsewhere,
    reboots: true,
    async run(host, checks, signal) {
      const base = await host.variant("same", "a", signal);
      await host.deploy(base, {}, signal);
      const before = await host.facts(signal);
      const system = await host.variant("same", "reboot", signal);
      // In the next boot the gate holds: a look that is cut may be repeated there.
      const reboot = `if [ "$(cat /proc/sys/kernel/random/boot_id)" = ${before.bootId} ]; then systemctl reboot --no-block; sleep 60; fi`;
      const gate = { kind: "command", argv: ["/bin/sh", "-c", reboot], attemptSeconds: 60, deadlineSeconds: 600 };
      const policy = { healthGates: [gate], reconnectDeadlineSeconds: 600 };
      checks.outcome("deployment", "interrupted", await host.deploy(system, { policy }, signal));
      const after = await host.facts(signal);
      checks.holds("it is another boot", after.bootId !== before.bootId);
      checks.equal("running system", base, after.current ?? "none");
      checks.equal("profile", base, after.profile ?? "none");
      checks.outcome("the next run", "switched", await host.deploy(system, {}, signal));
      await checks.settledOn(system, host, signal);
    },
  },
  {
    id: "boot-and-reboot",
    title: "mode boot with a reboot",
    does: "stages a copy for the next boot and REBOOTS the host",
    expected: "switched, by the reboot",
    classes: ["nixos"],
    elsewhere,
    reboots: true,
    async run(host, checks, signal) {
      const system = await host.variant("same", "boot", signal);
      const before = await host.facts(signal);
      const policy = { mode: "boot", rebootPolicy: "always" };
      checks.outcome("deployment", "switched", await host.deploy(system, { policy }, signal));
      const after = await checks.settledOn(system, host, signal);
      checks.holds("it is another boot", after.bootId !== before.bootId);
      checks.equal("booted system", system, after.booted ?? "none");
    },
  },
];
