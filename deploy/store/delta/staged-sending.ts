import { type PathInfo, sizeOf } from "../path-info.ts";
import { mebibytes } from "../push-progress.ts";
import { lastWords, ReceiverEnd } from "../receiver-end.ts";
import { type DeltaStage, deltaBytes } from "./plan-delta.ts";
import { type DeltaSending, type PreparedDelta, prepareDelta, sendDelta } from "./send-delta.ts";

/** What differences have brought so far. */
export interface DeltaTally {
  paths: number;
  /** Of archives. */
  bytes: number;
  bytesSent: number;
}

type Differences = Extract<DeltaStage, { kind: "delta" }>;
type Say = (level: "debug" | "info" | "warning", message: string) => void;

/** A plan on its way. Once a stage of differences fails, all that is left goes in full: they save time and nothing else. */
export class StagedSending {
  readonly #stages: readonly DeltaStage[];
  readonly #way: DeltaSending;
  readonly #tally: DeltaTally;
  readonly #say: Say;
  readonly #added = new Set<PathInfo>();
  /** Of the next stage, while one is on its way. */
  #ahead: Promise<PreparedDelta | undefined> | undefined;
  readonly #over = new AbortController();

  constructor(stages: readonly DeltaStage[], way: DeltaSending, tally: DeltaTally, say: Say) {
    this.#stages = stages;
    this.#way = way;
    this.#tally = tally;
    this.#say = say;
  }

  /** Gives what is to be sent in full, and goes on when that has been added. @throws {ConnectionLostError} */
  async *run(signal: AbortSignal): AsyncGenerator<readonly PathInfo[]> {
    try {
      yield* this.#run(signal);
    } finally {
      await this.#leaveAhead();
    }
  }

  /** No more differences: what was prepared for them is another host's place. */
  async #leaveAhead(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#over.abort();
    await (await ahead)?.[Symbol.asyncDispose]();
  }

  async *#run(signal: AbortSignal): AsyncGenerator<readonly PathInfo[]> {
    const count = this.#stages.filter(({ kind }) => kind === "delta").length;
    this.#say("debug", `differences for ${mebibytes(deltaBytes(this.#stages))}, ${count} stages`);
    for (const [index, stage] of this.#stages.entries()) {
      if (stage.kind === "full") {
        yield stage.paths;
        continue;
      }
      const failure = await this.#send(stage, this.#stages[index + 1], signal);
      if (failure === undefined) continue;
      this.#say("warning", `the differences did not arrive, sending in full: ${failure}`);
      await this.#leaveAhead();
      const left = this.#stages.slice(index).flatMap(({ paths }) => paths);
      const missing = left.filter((info) => !this.#added.has(info));
      if (missing.length > 0) yield missing;
      return;
    }
  }

  async #prepare({ references }: Differences, signal: AbortSignal): Promise<PreparedDelta> {
    const ahead = await this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    const prepared = await prepareDelta(references, this.#way, signal);
    this.#way.tally.roundTrips += 1;
    return prepared;
  }

  async #prepareAhead({ references }: Differences, signal: AbortSignal): Promise<PreparedDelta | undefined> {
    const scope = AbortSignal.any([signal, this.#over.signal]);
    return prepareDelta(references, this.#way, scope).catch(() => undefined);
  }

  /** @returns why it came to nothing. */
  async #send(stage: Differences, next: DeltaStage | undefined, signal: AbortSignal): Promise<string | undefined> {
    const { host, tally, onAdded } = this.#way;
    const before = tally.bytesSent;
    const added: PathInfo[] = [];
    const note = (info: PathInfo): void => {
      added.push(info);
      this.#added.add(info);
      onAdded(info);
    };
    try {
      await using prepared = await this.#prepare(stage, signal);
      // Both ends write their archives of the next stage meanwhile. Where the host takes no further channel for it, its turn comes.
      if (next?.kind === "delta") this.#ahead = this.#prepareAhead(next, signal);
      await sendDelta(stage.paths, prepared, { ...this.#way, onAdded: note }, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (host.dead.aborted || error instanceof TypeError || !(error instanceof Error)) throw error;
      return error instanceof ReceiverEnd ? lastWords(error.stderr) || error.message : error.message.split("\n", 1)[0];
    } finally {
      this.#tally.paths += added.length;
      this.#tally.bytes += sizeOf(added);
      this.#tally.bytesSent += tally.bytesSent - before;
    }
  }
}
