import type { ServerChannel } from "ssh2";
import { type Decoder, decodeLine, WireError } from "../../../deploy/store/wire.ts";
import { WireReader } from "../../../deploy/store/wire-reader.ts";
import { ActivityClock } from "./activity.ts";
import {
  answerCheck,
  answerClosures,
  answerFacts,
  answerHardware,
  answerObserve,
  answerUnits,
} from "./facts-answers.ts";
import type { Fault } from "./faults.ts";
import { type HostMemory, now } from "./host-memory.ts";
import { answerValidity, type ReceivingSide, StrangeRequest, serveReceiver } from "./receiving.ts";
import { assignments, decodeScript, type Measuring, parseCommandLine, printedBy, type ScriptText } from "./requests.ts";
import { readOrders, StubJob } from "./stub-job.ts";

export interface StubHostOptions {
  readonly fault: Fault | undefined;
  /** How long a switch takes. */
  readonly switchMs: number;
  /** Told about what a stub has no answer to. */
  readonly onStrange: (what: string) => void;
}

/**
 * A host as the product's operator sees it: it knows the product's own scripts by their text and answers in their words, without
 * a shell. A thousand shells on the operator's machine would be what is measured; a script's own work is shown on simulated hosts
 * (tests/deploy/on-hosts). What it does not know ends with 127, and is told: a bench that goes on would measure something else.
 */
export class StubHost {
  readonly memory: HostMemory;
  readonly clock: ActivityClock;
  readonly #options: StubHostOptions;

  constructor(memory: HostMemory, options: StubHostOptions) {
    this.memory = memory;
    this.#options = options;
    this.clock = new ActivityClock(memory.name);
  }

  get fault(): Fault | undefined {
    return this.#options.fault;
  }

  /** Runs one command to its end. @param hangUp - the connection is gone from one moment to the next. */
  async run(line: string, channel: ServerChannel, hangUp: () => void, scope: AbortSignal): Promise<void> {
    let code = 0;
    try {
      code = await this.#answer(line, channel, hangUp, scope);
    } catch (error) {
      if (scope.aborted) return;
      if (!(error instanceof StrangeRequest || error instanceof WireError)) throw error;
      code = this.#strange(error.message, channel);
    }
    // After the last byte: a channel that is closed before it loses what waits for the window.
    channel.write("", () => {
      channel.exit(code);
      channel.end();
    });
  }

  #strange(what: string, channel: ServerChannel): number {
    const words = `${this.memory.name}: a stub host has no answer to ${what}`;
    this.#options.onStrange(words);
    channel.stderr.write(`${words}\n`);
    return 127;
  }

  async #answer(line: string, channel: ServerChannel, hangUp: () => void, scope: AbortSignal): Promise<number> {
    const command = parseCommandLine(line);
    const reader = new WireReader(channel);
    switch (command?.kind) {
      case undefined:
        throw new StrangeRequest(`the command ${line.slice(0, 300)}`);
      case "measure":
        await this.#measure(command, reader, channel, scope);
        return 0;
      case "receive":
        this.clock.begin(command.isLane ? "lane" : "receiver")();
        await serveReceiver(this.#receivingSide(hangUp), reader, channel, scope, command.isLane);
        return 0;
      case "script": {
        const script = await reader.read(decodeScript, scope);
        if (script === undefined)
          throw new StrangeRequest(`a script that is none of the product's, for ${line.slice(0, 300)}`);
        return await this.#script(script, command.args, { reader, channel, hangUp, scope });
      }
    }
  }

  async #measure(
    { pieces, bytes, begins, says }: Measuring,
    reader: WireReader,
    channel: ServerChannel,
    scope: AbortSignal,
  ): Promise<void> {
    channel.write(begins);
    for (let piece = 0; piece < pieces; piece++) {
      for (let left = bytes; left > 0; ) {
        const taken = await reader.read(upTo(left), scope);
        if (taken === undefined) return;
        left -= taken;
      }
      channel.write(says);
    }
  }

  async #script({ name, definitions }: ScriptText, args: readonly string[], io: Conversation): Promise<number> {
    const done = this.clock.begin(name);
    try {
      if (name === "lock") return await this.#lock(args, io, done);
      if (name === "validity") {
        done();
        await answerValidity(this.#receivingSide(io.hangUp), args, io.reader, io.channel, io.scope);
        return 0;
      }
      const answer = await this.#words(name, definitions, args);
      if (answer === undefined) throw new StrangeRequest(`${name} ${args.join(" ").slice(0, 300)}`);
      io.channel.write(answer);
      return 0;
    } finally {
      if (name !== "lock" && name !== "validity") done();
    }
  }

  async #words(name: ScriptText["name"], definitions: string, args: readonly string[]): Promise<string | undefined> {
    const host = this.memory;
    switch (name) {
      case "facts":
        return answerFacts(host);
      case "observe":
        return answerObserve(host);
      case "hardware":
        return answerHardware(args);
      case "check":
        return answerCheck(host, args);
      case "closures":
        return args[0] === "" ? answerClosures(host, definitions) : undefined;
      case "units":
        return answerUnits();
      case "predecessors":
        return "memory\t1000000\n"; // its store has no contents from which anything could be made
      case "roots":
        return "";
      case "claim":
        host.owner = args[0];
        return "";
      case "record":
        host.transaction = args[0] || undefined;
        return "";
      case "start-job":
        return this.#startJob(definitions, args);
      case "follow-job":
        return this.#followJob(args);
      case "order":
        return this.#order(definitions, args);
      case "look-command":
        return this.fault === "unhealthy" ? "not well\nexit 1\n" : "exit 0\n";
      case "release":
        return this.#release(args);
      default:
        return undefined;
    }
  }

  #release([mark]: readonly string[]): string {
    const { owner } = this.memory;
    if (owner === undefined) return "none\n";
    if (owner !== mark) return "foreign\n";
    this.memory.owner = undefined;
    return "released\n";
  }

  #startJob(definitions: string, [transaction, id = ""]: readonly string[]): string | undefined {
    const host = this.memory;
    if (host.jobs.has(id)) return "there\n";
    const orders = readOrders(assignments(printedBy("job_env", definitions)));
    const token = assignments(definitions).get("token");
    if (orders === undefined || token === undefined) return undefined;
    host.jobs.clear();
    host.transaction = transaction;
    this.clock.mark("switchedAt");
    host.jobs.set(id, StubJob.start(host, id, orders, token, this.#options));
    return "started\n";
  }

  async #followJob([id = "", offset, known, seconds]: readonly string[]): Promise<string | undefined> {
    return this.memory.jobs.get(id)?.follow(Number(offset), Number(known), Number(seconds) * 1000);
  }

  #order(definitions: string, [id = "", word = "", why = ""]: readonly string[]): string | undefined {
    if (word === "take") return undefined; // of an operator who died
    const token = assignments(definitions).get("token") ?? "";
    return this.memory.jobs.get(id)?.give(word, token, why) ? "given\n" : "late\n";
  }

  /** As scripts/lock.sh: held until the input ends. */
  async #lock([token = "", by = ""]: readonly string[], { reader, channel, scope }: Conversation, done: () => void) {
    const host = this.memory;
    if (host.lock !== undefined && host.lock.token !== token) {
      channel.write(`busy ${host.lock.since} ${host.lock.by}\n`);
      done();
      return 0;
    }
    const ended = new AbortController();
    host.lock?.end();
    const mine = { token, by, since: now(), end: () => ended.abort(new Error("taken over")) };
    host.lock = mine;
    this.clock.mark("lockedAt");
    channel.write("held\n");
    done();
    const until = AbortSignal.any([scope, ended.signal]);
    try {
      while ((await reader.read(decodeLine(64), until)) !== undefined); // a sign of life
    } catch (error) {
      if (!until.aborted) throw error;
    }
    if (host.lock === mine) {
      host.lock = undefined;
      this.clock.mark("releasedAt");
    }
    return 0;
  }

  #receivingSide(hangUp: () => void): ReceivingSide {
    const { clock, memory, fault } = this;
    return {
      host: memory,
      onBytes: (bytes) => clock.received(bytes),
      onQuery: (missing) => {
        this.#admitted ??= Math.floor(missing / 2);
      },
      admits: () => {
        return fault !== "drops" || clock.activity.paths < (this.#admitted ?? 0);
      },
      hangUp,
      onAdded: () => clock.added(),
    };
  }

  /** A host that drops its connections takes so many paths before. */
  #admitted: number | undefined;
}

interface Conversation {
  readonly reader: WireReader;
  readonly channel: ServerChannel;
  readonly hangUp: () => void;
  readonly scope: AbortSignal;
}

function upTo(most: number): Decoder<number> {
  return (wire, offset) => {
    const taken = Math.min(most, wire.length - offset);
    return taken > 0 ? { value: taken, next: offset + taken } : undefined;
  };
}
