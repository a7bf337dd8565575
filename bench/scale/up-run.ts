import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { runCommand } from "../../sim/hosts/run-command.ts";
import type { TreeFigures } from "../measure/named-processes.ts";
import { type FleetClosures, fleetClosures } from "../synthetic/closures.ts";
import { addPaths, removePaths } from "../synthetic/operator-store.ts";
import type { Fault } from "./hosts/faults.ts";
import type { HostsSummary, StubHostLine } from "./hosts/host-lines.ts";
import { startHosts } from "./hosts/start-hosts.ts";
import { writeProject } from "./project.ts";
import { PulumiProject } from "./pulumi-project.ts";

/** One update of a fleet that was never deployed to. */
export interface UpTrial {
  readonly machines: number;
  /** Of `pulumi up`. */
  readonly parallel: number;
  /** Share of the hosts with a fault. */
  readonly fail: number;
  /** Which of them. */
  readonly seed: number;
  /** Kinds of faults. Default: all. */
  readonly faults?: readonly Fault[];
  /** Paths of each machine's closure: what every host has, what is new for all alike, what each has of its own. */
  readonly closure: { readonly present: number; readonly shared: number; readonly own: number };
}

/** 2,000 paths, of which a fifth is new. */
export const wholeClosure = { present: 1_600, shared: 380, own: 20 };

const rowSchema = z.looseObject({ outcome: z.string(), toplevel: z.string().nullable() });
const outputsSchema = z.looseObject({ machines: z.record(z.string(), rowSchema) });

/** What one update has done. */
export interface UpRun {
  readonly trial: UpTrial;
  readonly seconds: number;
  /** Of `pulumi up`. */
  readonly exitCode: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** All that Pulumi printed. */
  readonly text: string;
  readonly usage: TreeFigures;
  readonly hosts: readonly StubHostLine[];
  readonly seen: HostsSummary["hosts"];
  /** The stack's own table. */
  readonly rows: Readonly<Record<string, z.output<typeof rowSchema>>>;
}

/**
 * Runs `pulumi up` on a fleet of stub hosts: Pulumi's engine, the program and the provider are the real ones, the systems are
 * evaluated and built by Nix and pushed from its store. Leaves nothing behind.
 * @throws {Error} the hosts were asked what they do not know, or Pulumi could not begin.
 */
export async function runUp(trial: UpTrial, tell: (line: string) => void, signal: AbortSignal): Promise<UpRun> {
  const folder = await mkdtemp(join(tmpdir(), "bench-up-"));
  // Of its own: another run's end removes what it has put there.
  const closures = fleetClosures(trial.machines, trial.closure, basename(folder));
  const paths = [...closures.present, ...closures.shared, ...closures.own.flat()];
  try {
    tell(`${trial.machines} machines: ${paths.length} synthetic paths for the operator's store`);
    await addPaths(paths, signal);
    return await runIn(folder, trial, closures, tell, signal);
  } finally {
    const ownSignal = AbortSignal.timeout(300_000);
    await rm(folder, { recursive: true, force: true }); // with it Nix' roots
    const systems = await referrers(topsOf(closures), ownSignal);
    await removePaths([...new Set([...systems, ...paths.map(({ path }) => path)])], ownSignal);
  }
}

function topsOf({ own }: FleetClosures): readonly StorePath[] {
  return own.flatMap((paths) => paths.at(-1)?.path ?? []);
}

/** The systems that were built on them, and their derivations. */
async function referrers(paths: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const text = await runCommand("nix-store", ["--query", "--referrers-closure", ...paths], {}, signal);
  return text.split("\n").filter(Boolean);
}

const fleetCommand = join(import.meta.dirname, "../../cli/fleet.ts");

const gate = { kind: "command", argv: ["true"], deadlineSeconds: 5, intervalSeconds: 2, stableForSeconds: 0 };

async function runIn(
  folder: string,
  trial: UpTrial,
  closures: FleetClosures,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<UpRun> {
  const { machines, fail, seed, faults = [] } = trial;
  const present = closures.present.map(({ path }) => path);
  await using running = await startHosts(
    { count: machines, folder, beginning: { present }, fail, faults, seed },
    signal,
  );
  const project = join(folder, "project");
  const tops = topsOf(closures);
  const hosts = running.hosts.map(({ name, port, hostKey }, index) => ({
    machine: name,
    port,
    hostKey,
    closure: tops[index],
  }));
  writeProject(project, { machines, entries: 5 }, [
    {
      name: "up",
      hosts,
      identityFile: running.hosts[0]?.userKeyFile,
      config: { connectDeadlineSeconds: 10, policy: { healthGates: [gate] } },
    },
  ]);
  const commands = new PulumiProject(project, folder);
  for (const command of ["emit", "lock"])
    await runCommand(process.execPath, [fleetCommand, command], { cwd: project, deadlineMs: 120_000 }, signal);
  await commands.pulumi(["stack", "init", "up"], signal);
  tell(`${machines} machines: pulumi up, ${trial.parallel} at once`);
  const { usage, said, ...up } = await commands.watched(
    ["up", "--yes", "--skip-preview", "--stack", "up", "--parallel", String(trial.parallel)],
    signal,
  );
  const outputs = await commands.pulumi(["stack", "output", "--json", "--stack", "up"], signal);
  const table = outputsSchema.safeParse(JSON.parse(outputs));
  if (!table.success) throw new Error(`the update deployed nothing: ${said.slice(-10_000)}`);
  const rows = table.data.machines;
  return { trial, ...up, text: said, usage, hosts: running.hosts, seen: (await running.end()).hosts, rows };
}
