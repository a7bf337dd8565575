import { join } from "node:path";
import { z } from "zod";
import { storePathSchema } from "../local-nix/store-path.ts";
import { runCommand } from "../sim/hosts/run-command.ts";
import type { SimState } from "../sim/hosts/sim-state.ts";
import type { HostWatch } from "./host-watch.ts";
import type { Ended, Operator } from "./operator.ts";
import type { Batch } from "./plan-runs.ts";
import type { Declaration, Project } from "./project.ts";
import type { RunResult } from "./results.ts";
import { Trial } from "./trial.ts";
import { clearLock, startUp } from "./ways.ts";

/** The fleet under test. */
export interface Fleet {
  readonly project: Project;
  readonly state: SimState;
  readonly watches: readonly HostWatch[];
}

const upDeadlineMs = 300_000;

/** Declares new systems, breaks their delivery as the batch says, mends everything, and brings them by a plain up. */
export async function runBatch(
  { project, state, watches }: Fleet,
  batch: Batch,
  declaration: Declaration,
  signal: AbortSignal,
): Promise<readonly RunResult[]> {
  const began = performance.now();
  await project.declare(declaration);
  const declared = await buildAll(project, signal);
  const trials = watches.flatMap((watch) => {
    const run = batch.runs.find(({ machine }) => machine === watch.host.name);
    const toplevel = declared.get(watch.host.name);
    if (toplevel === undefined) throw new Error(`${watch.host.name} was not evaluated`);
    return run === undefined ? [] : [new Trial(run, watch, toplevel, state, signal)];
  });
  await Promise.all(trials.map((trial) => trial.prepare()));

  const first = startUp(batch.way, project, declaration.identity);
  const killOperator = (): Promise<void> => {
    for (const trial of trials) trial.mark();
    return first.operator.kill();
  };
  for (const trial of trials) trial.begin(killOperator);
  const broken = await endOf(first.operator, trials, signal);
  await Promise.all(trials.map((trial) => trial.over()));
  if (broken.code === null && batch.way === "pulumi") await clearLock(project, signal);

  const second = startUp(batch.way, project, declaration.identity);
  const mended = await endOf(second.operator, trials, signal);
  const seconds = (performance.now() - began) / 1000 / trials.length;
  const results = [];
  for (const trial of trials) {
    const { machine } = trial.run;
    const said = { interrupted: first.said(broken, machine), next: second.said(mended, machine) };
    results.push(await trial.result(said, declaration, seconds, mended.text));
  }
  return results;
}

/** Every system is built before the first up: what is under test begins with the hosts. */
async function buildAll({ root, env }: Project, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  // In a process of its own: in this one Node has the module of an earlier declaration.
  const program = join(import.meta.dirname, "build-systems.ts");
  const answer = await runCommand(process.execPath, [program, root], { env, deadlineMs: 240_000 }, signal);
  return new Map(Object.entries(z.record(z.string(), storePathSchema).parse(JSON.parse(answer))));
}

/** Waits for an up. One that does not end is killed, and a problem of all its runs; so is one that nobody waits for any more. */
async function endOf(operator: Operator, trials: readonly Trial[], signal: AbortSignal): Promise<Ended> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(upDeadlineMs)]);
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => {
    for (const trial of trials) trial.note(`the up did not end within ${upDeadlineMs / 1000} s`);
    operator.kill().catch(reject);
  };
  limit.addEventListener("abort", stop, { once: true });
  try {
    if (limit.aborted) stop();
    const ended = await Promise.race([operator.ended, promise]);
    signal.throwIfAborted();
    return ended;
  } finally {
    limit.removeEventListener("abort", stop);
  }
}
