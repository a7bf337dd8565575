import { rmSync } from "node:fs";
import { join } from "node:path";
import type { SimState } from "../sim/hosts/sim-state.ts";
import { readTraces, untilUnlocked } from "./host-dump.ts";
import { askedFile, shortName } from "./host-look.ts";
import type { HostWatch } from "./host-watch.ts";
import { differences } from "./invariants.ts";
import type { Run } from "./plan-runs.ts";
import { type Declaration, unhealthyFile } from "./project.ts";
import type { RunResult } from "./results.ts";
import { hasReached, isEnd, type Step } from "./steps.ts";
import { strike } from "./strike.ts";

/** One run under way: one machine, one fault. */
export class Trial {
  readonly run: Run;
  readonly #watch: HostWatch;
  readonly #declared: string;
  readonly #state: SimState;
  readonly #signal: AbortSignal;
  readonly #problems: string[] = [];
  #strike: Promise<void> | undefined;
  #struckAt: Step | undefined;
  #timer: NodeJS.Timeout | undefined;
  #killOperator: () => Promise<void> = () => Promise.resolve();

  constructor(run: Run, watch: HostWatch, declared: string, state: SimState, signal: AbortSignal) {
    this.run = run;
    this.#watch = watch;
    this.#declared = declared;
    this.#state = state;
    this.#signal = signal;
  }

  note(problem: string): void {
    this.#problems.push(problem);
  }

  async prepare(): Promise<void> {
    const line = this.run.unhealthy ? `mkdir -p /var/lib/chaos && : >${unhealthyFile}` : `rm -f ${unhealthyFile}`;
    await this.#onHost(line);
    rmSync(join(this.#watch.at.root, askedFile), { force: true });
  }

  /** Arms the fault. An operator's fault meets every machine: whichever is there first kills him. */
  begin(killOperator: () => Promise<void>): void {
    this.#killOperator = killOperator;
    this.#watch.begin(this.#declared, (step) => this.#reached(step));
  }

  /** The operator dies: wherever this machine's deployment stands, that is where it was hit. */
  mark(): void {
    this.#struckAt ??= this.#watch.step;
  }

  #reached(step: Step): void {
    const { at } = this.run;
    if (isEnd(step) || (at.kind === "step" && hasReached(step, at.step))) this.#hit();
    else if (at.kind === "random" && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#hit(), at.afterMs);
    }
  }

  #hit(): void {
    if (this.#strike !== undefined) return;
    const { fault } = this.run;
    this.mark();
    const struck =
      fault.kind === "operator" ? this.#killOperator() : strike(fault, this.#watch, this.#state, this.#signal);
    // A host that does not come back is a result of this run, not the end of all others.
    this.#strike = struck.catch((error: unknown) => this.note(error instanceof Error ? error.message : String(error)));
  }

  /** Once the up has ended: nothing is broken any more, and nothing is any more in the way of the new system. */
  async over(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#strike;
    this.#watch.end();
    await this.#onHost(`rm -f ${unhealthyFile}`);
  }

  /** A host that an earlier run left dead fails its own further runs, no others. */
  async #onHost(line: string): Promise<void> {
    try {
      await this.#watch.host.exec(line, this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.note(`the host does not run: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** What became of it, after the plain up. @param text - all that this one said. */
  async result(
    said: Pick<RunResult, "interrupted" | "next">,
    { identity }: Declaration,
    seconds: number,
    text: string,
  ): Promise<RunResult> {
    const { machineClass, host } = this.#watch;
    await untilUnlocked(this.#watch, this.#signal);
    const wrong = differences(this.#watch.at, machineClass, { declared: this.#declared, identity });
    const { exitCode, stderr } = await host.ssh("true", this.#signal);
    const problems = [...this.#problems, ...this.#watch.takeProblems(), ...wrong];
    if (exitCode !== 0) problems.push(`nobody answers on ssh: ${stderr.trim()}`);
    const stranded = exitCode !== 0 || problems.some((problem) => problem.startsWith("no bootable default"));
    const more = async (): Promise<string[]> => [
      `declared: ${shortName(this.#declared)}`,
      await readTraces(this.#watch, this.#signal),
      text.slice(-3_000),
    ];
    const words = problems.length === 0 ? [] : await more();
    return { ...this.run, struckAt: this.#struckAt ?? null, ...said, seconds, problems, stranded, words };
  }
}
