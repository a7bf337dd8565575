import { readFileSync } from "node:fs";
import { z } from "zod";
import { HostSession } from "../deploy/host-session.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { renderAddress } from "../deploy/ssh/connection-spec.ts";
import type { Report } from "../report.ts";
import { HostNotFitError, RestoreError } from "./errors.ts";
import { HostUnderTest } from "./host-under-test.ts";
import { type AcceptanceReport, summaryOf } from "./render-report.ts";
import { restoreHost } from "./restore.ts";
import type { RowResult } from "./row.ts";
import { type PlannedRow, planRows } from "./rows.ts";
import { type RunOptions, runRows } from "./run-rows.ts";
import { type Found, foundOf, probeTarget, reasonsAgainst, type Target } from "./target.ts";

export interface AcceptanceRequest {
  readonly connection: ConnectionSpec;
  readonly class: "nixos" | "darwin";
  readonly only: readonly string[];
  readonly reboots: boolean;
  /** Default: the host's name. */
  readonly label?: string;
}

/** What will be done, decided from a look that changed nothing. */
export interface AcceptancePlan {
  readonly target: Target;
  readonly found: Found;
  readonly rows: readonly PlannedRow[];
  /** An earlier run was cut off: the host is put back to what that one found, first. */
  readonly leftByEarlierRun: boolean;
}

/** @throws {HostNotFitError} for a host on which nothing may be tried; connection errors */
export async function planAcceptance(
  request: AcceptanceRequest,
  report: Report,
  signal: AbortSignal,
): Promise<AcceptancePlan> {
  await using pool = new ConnectionPool();
  const { connection } = request;
  const session = new HostSession(pool, connection, 60, report);
  const target = await probeTarget(session, request.class, signal);
  const reasons = reasonsAgainst(target, request.class);
  if (reasons.length > 0) {
    throw new HostNotFitError({
      summary: `${connection.machine}: nothing can be tried on this host`,
      expected: `a disposable ${request.class === "darwin" ? "Mac with nix-darwin" : "NixOS machine"} at rest`,
      found: reasons.join("; "),
      at: renderAddress(connection),
      fix: "name another host, or change what was found",
    });
  }
  const found = target.before ?? foundOf(target);
  const direct = connection.jumpHosts.length === 0 && connection.proxyCommand === undefined;
  const rows = planRows(target, found, { ...request, direct });
  return { target, found, rows, leftByEarlierRun: target.before !== undefined };
}

/**
 * Tries the planned rows and puts the host back, also after a failure and when `signal` stops it.
 * @param restoring - stops the way back, too; `onRestore` is told when it begins.
 */
export async function runAcceptance(
  request: AcceptanceRequest,
  plan: AcceptancePlan,
  options: RunOptions & { readonly report: Report; readonly onRestore: () => AbortSignal },
  signal: AbortSignal,
): Promise<AcceptanceReport> {
  const { target, found } = plan;
  const { report, tell, onRestore } = options;
  await using host = new HostUnderTest(request.connection, request.class, target.facts.system, found, report);
  let results: readonly RowResult[] = [];
  let stopped: unknown;
  try {
    if (plan.leftByEarlierRun) {
      tell("an earlier run was cut off here: putting the host back first");
      await restoreHost(host, signal);
    }
    await host.note(signal);
    results = await runRows(host, plan.rows, options, signal);
  } catch (error) {
    stopped = error;
  }
  tell("putting the host back to how it was found");
  const restored = await tryToRestore(host, onRestore());
  // A run that could not even begin has an error to show; what became of the host has been told.
  if (stopped !== undefined && !signal.aborted && restored.status === "as found") throw stopped;
  return {
    schema: 1,
    at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    label: request.label ?? target.facts.hostname,
    class: request.class,
    machine: target.description,
    versions: { pulumiClan: ownVersion(), node: process.versions.node },
    rows: results,
    restored,
    summary: summaryOf(results),
  };
}

async function tryToRestore(host: HostUnderTest, signal: AbortSignal): Promise<AcceptanceReport["restored"]> {
  try {
    return { status: "as found", ...(await restoreHost(host, signal)) };
  } catch (error) {
    if (error instanceof RestoreError) return { status: "failed", why: error.message };
    throw error;
  }
}

function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
