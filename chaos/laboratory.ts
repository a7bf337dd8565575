import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostSpec } from "../sim/hosts/host-spec.ts";
import { rootLayers } from "../sim/hosts/seed.ts";
import { type SimState, simState } from "../sim/hosts/sim-state.ts";
import { startHost } from "../sim/hosts/simulated-host.ts";
import { bringDown } from "../sim/hosts/simulation.ts";
import { HostWatch, watchHosts } from "./host-watch.ts";
import type { Batch } from "./plan-runs.ts";
import { createProject, type Declaration, type Project } from "./project.ts";
import type { RunResult } from "./results.ts";
import { runBatch } from "./run-batch.ts";
import { readVersions } from "./versions.ts";
import { startUp } from "./ways.ts";

/** Simulated hosts that already run a first system with secrets, and the small fleet that they are. Disposal removes all of it. */
export class Laboratory implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #project: Project;
  readonly #state: SimState;
  readonly #watches: readonly HostWatch[];
  #declaration: Declaration = { variant: 1, identity: "identity-1" };

  private constructor(project: Project, state: SimState, watches: readonly HostWatch[]) {
    this.#project = project;
    this.#state = state;
    this.#watches = watches;
  }

  static async open(specs: readonly HostSpec[], signal: AbortSignal): Promise<Laboratory> {
    // The hosts' addresses are fixed: only in a network namespace of their own they disturb nobody.
    if (process.env["PULUMI_CLAN_ISOLATED"] !== "1")
      throw new Error("run through `npm run chaos` or `npm test`: they isolate the hosts");
    await using stack = new AsyncDisposableStack();
    const root = await mkdtemp(join(tmpdir(), "chaos-"));
    stack.defer(() => rm(root, { recursive: true, force: true }));
    const project = await createProject(root, specs, signal);
    const state = simState(project.simulation);
    stack.defer(async () => void (await bringDown(state, () => undefined, AbortSignal.timeout(120_000))));
    for (const spec of specs) await rootLayers(state, spec, signal);
    const hosts = await Promise.all(specs.map((spec) => startHost(spec, signal, state)));
    const watches = hosts.map((host) => new HostWatch(state, host));
    const laboratory = new Laboratory(project, state, watches);
    await laboratory.#first();
    for (const watch of watches) await watch.attach();
    stack.use(watchHosts(watches));
    laboratory.#stack.use(stack.move());
    return laboratory;
  }

  /** What everything starts from: a system of ours, committed, with its secrets. */
  async #first(): Promise<void> {
    await this.#project.declare(this.#declaration);
    const { operator } = startUp("engine", this.#project, this.#declaration.identity);
    const { code, text } = await operator.ended;
    if (code !== 0) throw new Error(`the first systems could not be brought to the hosts:\n${text}`);
  }

  versions(signal: AbortSignal): Promise<readonly string[]> {
    const [watch] = this.#watches;
    return watch === undefined ? Promise.resolve([]) : readVersions(watch.host, signal);
  }

  /** One batch: a fault on each of its machines, then a plain up. */
  run(batch: Batch, signal: AbortSignal): Promise<readonly RunResult[]> {
    const { variant, identity } = this.#declaration;
    // Only the engine's way delivers secrets: with it come new ones.
    this.#declaration = {
      variant: variant + 1,
      identity: batch.way === "engine" ? `identity-${variant + 1}` : identity,
    };
    const laboratory = { project: this.#project, state: this.#state, watches: this.#watches };
    return runBatch(laboratory, batch, this.#declaration, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
