import { join } from "node:path";
import { initOf } from "../sim/hosts/container.ts";
import { hostPaths, readRecord, type SimState } from "../sim/hosts/sim-state.ts";
import type { SimHost } from "../sim/hosts/simulated-host.ts";
import { type Expected, expect, type HostRoot, isThere, lookAtProgress, text } from "./host-look.ts";
import { overlaps, problemsOf } from "./invariants.ts";
import { type Step, stepOf, steps } from "./steps.ts";

/** A look at progress every so often; what must always hold is looked at with every fourth. */
const everyMs = 8;
const safetyEvery = 4;

/** Watches one host from outside, without a break, through faults and boots. */
export class HostWatch {
  readonly host: SimHost;
  readonly machineClass: "nixos" | "darwin";
  readonly #state: SimState;
  readonly #disk: HostRoot;
  readonly #problems = new Set<string>();
  #suspected: readonly string[] = [];
  #at: HostRoot;
  #expected: Expected | undefined;
  #onStep: (step: Step) => void = () => undefined;
  #step: Step | undefined;
  #ticks = 0;
  #logged = 0;

  constructor(state: SimState, host: SimHost) {
    const paths = hostPaths(state, host.name);
    this.host = host;
    this.machineClass = host.spec.kind === "darwin" ? "darwin" : "nixos";
    this.#state = state;
    this.#disk = { root: paths.root, boot: paths.boot };
    this.#at = this.#disk;
  }

  /** Of a host that is off, or about to go, its disk. */
  get at(): HostRoot {
    return isThere(join(this.#at.root, "nix")) ? this.#at : this.#disk;
  }

  /** The furthest step that was seen of the deployment under way. */
  get step(): Step | undefined {
    return this.#step;
  }

  /** What must never be and was seen since the last call. */
  takeProblems(): string[] {
    const found = [...this.#problems];
    this.#problems.clear();
    return found;
  }

  /** Finds the host's process 1 again, after a boot or a power loss. */
  async attach(): Promise<void> {
    const supervisor = (await readRecord(this.#state, this.host.name))?.supervisor;
    const init = supervisor === undefined ? undefined : await initOf(supervisor);
    this.#at = init === undefined ? this.#disk : { ...this.#disk, root: `/proc/${init}/root` };
  }

  /** From now on a deployment of this system is expected. */
  begin(declared: string, onStep: (step: Step) => void): void {
    this.#expected = expect(this.at, declared);
    this.#step = undefined;
    this.#onStep = onStep;
  }

  end(): void {
    this.#expected = undefined;
    this.#onStep = () => undefined;
  }

  tick(): void {
    this.#follow();
    if (this.#ticks++ % safetyEvery === 0) this.checkSafety();
  }

  /** What is seen twice in a row is so: a look takes longer than what it looks at stays the same. */
  checkSafety(): void {
    const seen = problemsOf(this.at, this.machineClass);
    for (const problem of seen) if (this.#suspected.includes(problem)) this.#problems.add(problem);
    this.#suspected = seen;
    const log = text(join(this.at.root, "var/log/activations"));
    for (const problem of overlaps(log.slice(this.#logged))) this.#problems.add(problem);
    this.#logged = log.lastIndexOf("\n") + 1;
  }

  #follow(): void {
    if (this.#expected === undefined) return;
    const step = stepOf(lookAtProgress(this.at, this.#expected));
    if (step === undefined || (this.#step !== undefined && steps.indexOf(step) <= steps.indexOf(this.#step))) return;
    this.#step = step;
    this.#onStep(step);
  }
}

/** Ticks all watches until it is disposed of. */
export function watchHosts(watches: readonly HostWatch[]): Disposable {
  const timer = setInterval(() => {
    for (const watch of watches) watch.tick();
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
