import { existsSync } from "node:fs";
import type { BuildWork } from "../../clan/plan/machine-plan.ts";
import { FleetError } from "../../errors.ts";
import { Places } from "../../local-nix/places.ts";
import { readPlannedBuild } from "../../local-nix/planned-build.ts";
import { defaultWorkers } from "../../local-nix/workers.ts";
import type { Known } from "./plan-machine.ts";

/** What a plan wants to know of a build. */
export interface BuildQuestion {
  /** On this machine. */
  readonly drvPath: string;
  readonly toplevel: string;
  readonly buildOn: "local" | "target";
  /** What the state knows of the machine: what runs already is not built. */
  readonly known: Known;
}

/** A plan does not wait for slow caches: of all machines together, and each as long as it is still of use. */
const budgetSeconds = 10;

/** Asks this machine's Nix what it would build, a few systems at a time; builds and fetches nothing. */
export class BuildsToDo {
  readonly #signal: AbortSignal;
  readonly #places: Places;
  readonly #budgetMs: number;
  #end: number | undefined;

  /** @param budgetMs - for all that is asked, from the first question on. */
  constructor(signal: AbortSignal, budgetMs = budgetSeconds * 1000, parallel = defaultWorkers()) {
    this.#signal = signal;
    this.#places = new Places(parallel);
    this.#budgetMs = budgetMs;
  }

  /** @returns undefined: nothing is built for it here. */
  async ask({ drvPath, toplevel, buildOn, known }: BuildQuestion): Promise<BuildWork | undefined> {
    if (buildOn === "target" || existsSync(toplevel)) return undefined;
    if (known.kind === "known" && known.deployment.running === toplevel) return undefined;
    this.#end ??= performance.now() + this.#budgetMs;
    const end = this.#end;
    using _place = await this.#places.take(this.#signal);
    return await this.#ask(drvPath, end - performance.now());
  }

  async #ask(drvPath: string, leftMs: number): Promise<BuildWork> {
    if (leftMs <= 0) return late;
    try {
      const planned = await readPlannedBuild(drvPath, leftMs, this.#signal);
      if (planned === undefined) return { kind: "unknown", why: "this machine's store lacks a part of it" };
      const { derivations, fetchedPaths, downloadBytes } = planned;
      return { kind: "known", derivations, fetched: { paths: fetchedPaths, bytes: downloadBytes } };
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof FleetError)) throw error;
      return error.code === "FLEET_NIX_LIMIT"
        ? late
        : { kind: "unknown", why: `Nix does not say: ${error.facts.found}` };
    }
  }
}

const late: BuildWork = { kind: "unknown", why: "Nix, or a cache that it asks, did not say in time" };
