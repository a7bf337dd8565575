import type { Reason } from "../clan/plan/machine-plan.ts";
import type { Feature } from "./features.ts";

/** One change, planned and then made. It begins with the system that the one before it declared. */
export interface Scenario {
  readonly name: string;
  /** Features that the declared system gains and loses. Default: the same system. */
  readonly gains?: readonly Feature[];
  readonly loses?: readonly Feature[];
  /** The clan makes a key for the machine, another one than before. Kept by those that follow. */
  readonly key?: "another";
  /** Of the declared policy; for this scenario alone. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** What somebody does to the host first, in a shell of its own. */
  readonly before?: string;
  /** The host is off while the plan is made and carried out. */
  readonly off?: true;
  /** It is started anew before the plan is made. */
  readonly rebooted?: true;
  /** Kinds of reasons that the plan must give, beside entries. */
  readonly reasons?: readonly Reason["kind"][];
  /** How the deployment ends. Default: `switched`, or nothing is deployed. */
  readonly ends?: string;
  /** Taken in every run of the tests; the others by `npm run fidelity` alone. */
  readonly always?: true;
}

const profile = "/nix/var/nix/profiles/system";
const rollBack = `nix-env -p ${profile} --rollback && ${profile}/bin/switch-to-configuration switch`;

const rollBackMac = `nix-env -p ${profile} --rollback && ${profile}/activate`;
const daemonList = "/Library/LaunchDaemons/org.nixos.web.plist";

const first: Scenario = { name: "first deployment by this stack", reasons: ["first-deployment"], always: true };

const contents: readonly Scenario[] = [
  first,
  { name: "nothing changed", always: true },
  { name: "package added", gains: ["tool 1.0"], always: true },
  { name: "package bumped", gains: ["tool 1.1"], loses: ["tool 1.0"], always: true },
  { name: "package goes back to an older version", gains: ["tool 1.0"], loses: ["tool 1.1"] },
  { name: "package removed", loses: ["tool 1.0"] },
  { name: "file in /etc added", gains: ["motd"] },
  { name: "user added", gains: ["user"] },
  { name: "user removed", loses: ["user", "motd"] },
  { name: "timer added", gains: ["timer"] },
  { name: "timer changed", gains: ["timer changed"], loses: ["timer"] },
  { name: "service with a socket added", gains: ["socket"], loses: ["timer changed"] },
  {
    name: "service behind a socket changed",
    before: "systemctl start echo.service",
    gains: ["socket's service changed"],
    loses: ["socket"],
  },
  { name: "job that runs at every switch", gains: ["oneshot"], loses: ["socket's service changed"] },
  { name: "job that runs again", gains: ["motd"] },
  { name: "unit whose condition does not hold", gains: ["condition"], loses: ["oneshot", "motd"] },
  { name: "unit whose condition still does not hold", gains: ["motd"] },
  { name: "kernel changed", gains: ["kernel"], loses: ["condition"], always: true },
  { name: "kernel changed back", loses: ["kernel"] },
  { name: "kernel parameter added", gains: ["kernel parameter"] },
  { name: "initrd changed", gains: ["initrd"], loses: ["kernel parameter"] },
  { name: "host rebooted by hand", rebooted: true },
  { name: "kernel changed, and rebooted into", gains: ["kernel"], policy: { rebootPolicy: "if-needed" } },
  { name: "no kernel changed, and not rebooted", loses: ["motd"], policy: { rebootPolicy: "if-needed" } },
];

const units: readonly Scenario[] = [
  { ...first, gains: ["web"] },
  { name: "unit changed", gains: ["web changed"], loses: ["web"], always: true },
  { name: "unit's description changed", gains: ["web"], loses: ["web changed"] },
  { name: "unit described anew, and nothing else", gains: ["web described"], loses: ["web"] },
  { name: "unit gains a way to be reloaded", gains: ["web reload command"], loses: ["web described"] },
  { name: "unit masked", gains: ["web masked"], loses: ["web reload command"], always: true },
  { name: "unit unmasked", gains: ["web"], loses: ["web masked"] },
  { name: "unit removed", loses: ["web"] },
  { name: "six units added at once", gains: ["late", "proxy", "shell", "zone", "tenant", "heirloom"], always: true },
  {
    name: "units restarted, reloaded and left alone, as each says",
    gains: ["late changed", "proxy changed", "shell changed", "zone trigger", "tenant trigger"],
    loses: ["late", "proxy", "shell", "zone", "tenant"],
    always: true,
  },
  { name: "unit removed that outlives its removal", loses: ["heirloom"] },
  {
    name: "five units removed",
    loses: ["late changed", "proxy changed", "shell changed", "zone trigger", "tenant trigger"],
  },
  { name: "unit and another that requires it", gains: ["database"] },
  { name: "unit changed that another requires", gains: ["database changed"], loses: ["database"] },
  { name: "unit and another that is part of it", gains: ["part of"], loses: ["database changed"] },
  { name: "unit changed that another is part of", gains: ["part of, changed"], loses: ["part of"] },
  { name: "instance of a template", gains: ["template"], loses: ["part of, changed"] },
  { name: "template of a running instance changed", gains: ["template changed"], loses: ["template"] },
];

const circumstances: readonly Scenario[] = [
  { ...first, gains: ["web"] },
  { name: "mode boot", gains: ["motd"], policy: { mode: "boot" }, ends: "staged-for-reboot" },
  { name: "mode boot, after the reboot", rebooted: true, ends: "unchanged" },
  { name: "mode dry", gains: ["tool 1.0"], policy: { mode: "dry" }, ends: "skipped" },
  { name: "mode test", policy: { mode: "test" } },
  { name: "mode test, after a reboot", rebooted: true, reasons: ["drift"] },
  { name: "generation rolled back by hand", before: rollBack, reasons: ["drift"], always: true },
  { name: "unit stopped by hand", before: "systemctl stop web" },
  { name: "unit stopped by hand, and a package removed", loses: ["tool 1.0"] },
  { name: "specialisation declared", gains: ["specialisation"], policy: { specialisation: "docked" } },
  { name: "specialisation left", loses: ["specialisation"] },
  { name: "taken over", policy: { takeOver: true }, reasons: ["owner"], ends: "unchanged" },
  { name: "taken over no more", reasons: ["owner"], ends: "unchanged" },
  { name: "host off, and nothing to deploy", off: true },
  { name: "host off, and another system", off: true, gains: ["user"], ends: "unreachable", always: true },
  { name: "host on again", always: true },
  { name: "unit that fails is rolled back", gains: ["failing"], ends: "rolled-back" },
  { name: "after a rollback", loses: ["failing"] },
  { name: "key of its secrets made", key: "another", reasons: ["secrets"] },
  { name: "key of its secrets rotated", key: "another", reasons: ["secrets"] },
  { name: "key rotated, and a package added", key: "another", gains: ["tool 1.0"], reasons: ["secrets"] },
  { name: "key as it was", gains: ["tool 1.1"], loses: ["tool 1.0"] },
  { name: "switch inhibited", gains: ["inhibitor"], ends: "staged-for-reboot" },
  { name: "switch inhibited, after the reboot", rebooted: true, ends: "unchanged" },
];

const onMac: readonly Scenario[] = [
  { ...first, name: "Mac: first deployment by this stack" },
  { name: "Mac: nothing changed" },
  { name: "Mac: daemon added", gains: ["daemon"], always: true },
  { name: "Mac: daemon changed", gains: ["daemon changed"], loses: ["daemon"], always: true },
  { name: "Mac: daemon added beside another", gains: ["second daemon"] },
  { name: "Mac: agent of users' sessions added", gains: ["agent"] },
  {
    name: "Mac: daemon's list edited by hand, and a package added",
    before: `echo >>${daemonList}`,
    gains: ["tool 1.0"],
    always: true,
  },
  { name: "Mac: package bumped", gains: ["tool 1.1"], loses: ["tool 1.0"] },
  { name: "Mac: generation rolled back by hand", before: rollBackMac, reasons: ["drift"] },
  { name: "Mac: daemon removed", loses: ["daemon changed"], always: true },
  { name: "Mac: agent and package removed", loses: ["agent", "tool 1.1"] },
];

/** Hosts that are Macs with nix-darwin. */
export const macs: ReadonlySet<string> = new Set(["topaz"]);

/** Scenarios in order, each list on a host of its own. */
export const chains: Readonly<Record<"agate" | "beryl" | "flint" | "topaz", readonly Scenario[]>> = {
  agate: contents,
  beryl: units,
  flint: circumstances,
  topaz: onMac,
};
