import { runs } from "../deploy/boot/specialisation.ts";
import type { DeploymentRecord } from "../deploy/observation/deployments.ts";
import { renderSwitch } from "../deploy/observation/drift.ts";
import { renderWay } from "../deploy/observation/look.ts";
import type { Observation } from "../deploy/observation/observe-host.ts";
import type { BackEnd } from "../deploy/ssh/transport.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { MachineLook } from "../stack/observe-machine.ts";
import { renderAge } from "./render-age.ts";
import { renderTable } from "./render-table.ts";

/** One machine as the table and `--json` show it. */
export interface MachineStatus {
  readonly machine: string;
  /** `seen`, or why nothing is known of the host: `off` (its node), `no-address`, `unreachable`, `host-key`, `authentication`. */
  readonly state: MachineLook["kind"] | "off" | "no-address";
  readonly reason?: string;
  /** The fleet's own, where it has been evaluated; null: not known. */
  readonly declared: StorePath | null;
  /** Of the declared system, to run instead of it. */
  readonly declaredSpecialisation?: string;
  readonly running?: StorePath | null;
  /** Systems of which that is a specialisation, and by what name. */
  readonly specialisations?: Observation["facts"]["specialisations"];
  readonly booted?: StorePath | null;
  readonly profile?: StorePath | null;
  readonly nextBoot?: StorePath | null;
  readonly generation?: number | null;
  readonly failedUnits?: readonly string[];
  readonly owner?: string | null;
  /** `testing <system> by project/stack`; null: none is open. */
  readonly transaction?: string | null;
  /** What a boot would change although it runs already: kernel, initrd, kernel-modules. */
  readonly rebootFor?: readonly string[];
  readonly hostKey?: string;
  /** Jump hosts on the way, the nearest first. */
  readonly through?: readonly string[];
  /** Who spoke SSH. */
  readonly backEnd?: BackEnd;
  readonly lastSwitch?: Observation["lastSwitch"];
  /** The last one that the host's own record has, and how long ago it ended. */
  readonly lastTry?: {
    readonly toplevel: StorePath;
    readonly verdict: DeploymentRecord["verdict"];
    readonly secondsAgo: number;
  };
  /** Seconds since the last deployment that was committed, by the host's clock; for a host that does not answer, by the state. */
  readonly deployedSecondsAgo?: number;
  /** Of a host that does not answer: when it last did, to this operator; Unix seconds. */
  readonly lastSeenAt?: number;
  /** Of a host that does not answer: what the stack's state knows of it. */
  readonly lastKnown?: LastKnown;
}

/** What the last deployment or refresh of a machine left in the stack's state. */
export interface LastKnown {
  readonly running: StorePath | null;
  readonly generation: number | null;
  /** Unix seconds. */
  readonly deployedAt: number | null;
}

/** It answers, runs what is declared as far as that is known, and no unit failed; or it is off on purpose. */
export function isFine(status: MachineStatus): boolean {
  const { state, declared, running = null, specialisations = [], profile, failedUnits, transaction } = status;
  if (state === "off") return true;
  if (state !== "seen" || (failedUnits?.length ?? 0) > 0 || transaction !== null) return false;
  const toplevel = declared ?? profile;
  if (toplevel === undefined || toplevel === null || profile !== toplevel) return false;
  const specialisation = status.declaredSpecialisation ?? null;
  return runs({ current: running, specialisations }, { toplevel, specialisation });
}

/**
 * Hashes of one row that differ are different systems; the first seven characters tell them apart.
 * @param now - Unix seconds by this machine's clock.
 */
export function renderStatus(rows: readonly MachineStatus[], now = Date.now() / 1000): string {
  const header = ["machine", "state", "declared", "running", "booted", "profile", "gen", "age", "owner", "remarks"];
  const cells = rows.map((row) => [
    row.machine,
    row.state === "seen" ? (isFine(row) ? "ok" : "differs") : row.state,
    ...[row.declared, row.running, row.booted, row.profile].map(shortHash),
    row.generation === undefined || row.generation === null ? "" : String(row.generation),
    row.deployedSecondsAgo === undefined ? "" : renderAge(row.deployedSecondsAgo),
    row.owner ?? "",
    remarks(row, now).join("; "),
  ]);
  return renderTable(header, cells);
}

function remarks(row: MachineStatus, now: number): string[] {
  const { failedUnits = [], transaction = null, rebootFor = [], profile, nextBoot } = row;
  const { through = [], backEnd = "ssh2", specialisations = [], declaredSpecialisation } = row;
  const names = specialisations.map(({ name }) => name);
  const isOther = declaredSpecialisation !== undefined && !names.includes(declaredSpecialisation);
  const { lastKnown, lastSeenAt } = row;
  return [
    ...(lastSeenAt === undefined ? [] : [`last seen ${renderAge(now - lastSeenAt)} ago`]),
    ...(lastKnown === undefined ? [] : [renderLastKnown(lastKnown)]),
    ...(names[0] === undefined ? [] : [`specialisation: ${names.join(" = ")}`]),
    ...(isOther ? [`declared specialisation: ${declaredSpecialisation}`] : []),
    ...(failedUnits.length === 0
      ? []
      : [`failed: ${failedUnits.slice(0, 3).join(" ")}${failedUnits.length > 3 ? " …" : ""}`]),
    ...(transaction === null ? [] : [`deployment ${transaction}`]),
    ...(rebootFor.length === 0 ? [] : [`reboot pending: ${rebootFor.join(", ")}`]),
    ...(nextBoot && profile && nextBoot !== profile ? [`next boot: ${shortHash(nextBoot)}`] : []),
    ...(row.lastTry === undefined || isFine(row) ? [] : renderTry(row.lastTry)),
    ...(row.lastSwitch === undefined || !isNews(row) ? [] : [renderSwitch(row.lastSwitch)]),
    ...[renderWay({ through, backEnd }).trim()].filter((way) => way !== ""),
  ];
}

/** What was committed shows in the columns. */
function renderTry({ toplevel, verdict, secondsAgo }: NonNullable<MachineStatus["lastTry"]>): string[] {
  return endedBadly.includes(verdict) ? [`${shortHash(toplevel)} ${verdict} ${renderAge(secondsAgo)} ago`] : [];
}

const endedBadly: readonly DeploymentRecord["verdict"][] = ["rolled-back", "rollback-failed", "commit-failed"];

function renderLastKnown({ running, generation }: LastKnown): string {
  if (running === null) return "never deployed";
  return `by the state ${shortHash(running)}${generation === null ? "" : `, generation ${generation}`}`;
}

/** Who else deploys to the host, always; when it was switched by nobody's tool, only where it is not as declared. */
function isNews(row: MachineStatus): boolean {
  const tool = row.lastSwitch?.tool;
  return tool === undefined ? !isFine(row) : tool !== "pulumi-clan";
}

function shortHash(path: StorePath | null | undefined): string {
  return path === undefined ? "" : path === null ? "-" : path.slice("/nix/store/".length).slice(0, 7);
}
