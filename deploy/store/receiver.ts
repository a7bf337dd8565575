import type { StorePath } from "../../local-nix/store-path.ts";
import { hostScript } from "../activation/scripts.ts";
import { PushError, SudoError } from "../errors.ts";
import { toolPathSchema } from "../host-facts.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { Elevation } from "../ssh/remote-command.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { ReceiverEnd } from "./receiver-end.ts";
import { ReceiverProcess } from "./receiver-process.ts";
import { parsePublicKeys } from "./signature.ts";
import type { SignaturePolicy } from "./trust.ts";
import { decodeLine } from "./wire.ts";

/** What a host has to receive a closure with. */
export interface Receiver {
  readonly nixStore: string;
  readonly nixDaemon: string;
  /** Absent: the host has none. */
  readonly zstd?: string;
  readonly gzip?: string;
  /** Free in /nix; absent: unknown. */
  readonly freeKib?: number;
  /** How Nix is run there: as root, or where sudo does not work as the login user, through the daemon. */
  readonly elevation: Elevation;
  readonly isRoot: boolean;
  readonly signatures: SignaturePolicy;
}

export interface Question {
  /** Absent: whether it is there is of no interest. */
  readonly toplevel?: StorePath;
  /** Store on the host in Nix' own words; absent: its default one. */
  readonly store?: string;
  /** What the process becomes when the toplevel is not there; `auto`: `serve` as root, else it ends. */
  readonly receive: "auto" | "serve" | "none";
}

/** A host's answer. */
export type Asked =
  /** It is there, and so its closure is. */
  | { readonly valid: true; readonly receiver: Receiver }
  /** It is not; the process that said so now receives, where it serves at all. */
  | { readonly valid: false; readonly receiver: Receiver; readonly process?: ReceiverProcess };

/** A process that has answered "it is there" and waits for the next question. */
interface Waiting {
  readonly question: Omit<Question, "toplevel">;
  /** As whom it was meant to be asked, which facts of the host may change. */
  readonly elevation: Elevation;
  readonly receiver: Receiver;
  readonly process: ReceiverProcess;
}

const waiting = new WeakMap<SshHost, Waiting>();

/**
 * One round trip, and for the first question of a connection two more to start the process.
 * @throws {PushError} when the host has no Nix @throws {ReceiverEnd} @throws {ConnectionLostError}
 */
export async function askReceiver(session: HostSession, question: Question, signal: AbortSignal): Promise<Asked> {
  return session.retried(
    async (host) => (await askAgain(session, host, question, signal)) ?? ask(session, host),
    signal,
  );

  /** As root where that works. Who cannot become root may still be one whom the daemon trusts. */
  async function ask({ elevation }: HostSession, host: SshHost): Promise<Asked> {
    try {
      return await askFirst(session, host, elevation, question, signal);
    } catch (error) {
      // A password that was given and does not work is said, not passed over.
      if (!(error instanceof SudoError) || session.spec.sudoPassword !== undefined) throw error;
      return await askFirst(session, host, "none", question, signal);
    }
  }
}

/** @returns undefined when no process waits for this kind of question, or it does not wait any more. */
async function askAgain(
  session: HostSession,
  host: SshHost,
  question: Question,
  signal: AbortSignal,
): Promise<Asked | undefined> {
  const before = waiting.get(host);
  const { toplevel, store, receive } = question;
  if (before === undefined || before.question.store !== store || before.question.receive !== receive) return undefined;
  if (toplevel === undefined || before.elevation !== session.elevation) return undefined;
  host.release(before.process);
  waiting.delete(host);
  const { process, receiver } = before;
  process.useScope(signal);
  try {
    await process.out.put(Buffer.from(`${toplevel}\n`));
    await process.out.flush();
    return await conclude(session, host, question, receiver, process);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    if (error instanceof ReceiverEnd) return undefined; // somebody killed it: another one answers
    throw error;
  }
}

async function askFirst(
  session: HostSession,
  host: SshHost,
  elevation: Elevation,
  question: Question,
  signal: AbortSignal,
): Promise<Asked> {
  const { toplevel = "", store = "", receive } = question;
  const script = hostScript("validity", [toplevel, store, receive]);
  const process = await ReceiverProcess.start(host, elevation, { kind: "script", script }, signal);
  try {
    const facts = await readFacts(process);
    return await conclude(session, host, question, receiverOf(session, facts, elevation), process, facts);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

type Facts = ReadonlyMap<string, string>;

/** Up to the verdict. What a login shell prints besides is not looked at. */
async function readFacts(process: ReceiverProcess): Promise<Facts> {
  const facts = new Map<string, string>();
  while (!facts.has("valid")) {
    const [name = "", value = ""] = (await process.read(decodeLine(64 * 1024))).split("\t");
    facts.set(name, value);
  }
  return facts;
}

async function conclude(
  { elevation }: HostSession,
  host: SshHost,
  question: Question,
  receiver: Receiver,
  process: ReceiverProcess,
  known?: Facts,
): Promise<Asked> {
  const facts = known ?? (await readFacts(process));
  if (facts.get("valid") === "yes") {
    await keep(host, { question, elevation, receiver, process });
    return { valid: true, receiver };
  }
  const freeKib = countOf(facts.get("free"));
  const answer = { valid: false, receiver: freeKib === undefined ? receiver : { ...receiver, freeKib } } as const;
  if (question.receive === "serve" || (question.receive === "auto" && receiver.isRoot)) return { ...answer, process };
  await process.leave();
  return answer;
}

/** The next question costs one round trip. OpenSSH's client does not say that a host takes no further channel: no process waits there. */
async function keep(host: SshHost, next: Waiting): Promise<void> {
  if (waiting.has(host) || host.backEnd !== "ssh2") return next.process.leave();
  waiting.set(host, next);
  host.lend(next.process, async () => {
    waiting.delete(host);
    await next.process.leave();
  });
}

function receiverOf(session: HostSession, facts: Facts, elevation: Elevation): Receiver {
  const tool = (name: string): string | undefined => toolPathSchema.safeParse(facts.get(name)).data;
  const [nixStore, nixDaemon, zstd, gzip] = ["nix-store", "nix-daemon", "zstd", "gzip"].map(tool);
  if (nixStore === undefined || nixDaemon === undefined) throw noNix(session);
  return {
    nixStore,
    nixDaemon,
    ...(zstd === undefined ? {} : { zstd }),
    ...(gzip === undefined ? {} : { gzip }),
    elevation,
    isRoot: facts.get("uid") === "0",
    signatures: {
      required: facts.get("require-sigs") !== "false",
      keys: parsePublicKeys(facts.get("trusted-public-keys") ?? ""),
    },
  };
}

function countOf(text = ""): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function noNix(session: HostSession): PushError {
  return new PushError({
    summary: `${session.spec.machine}: the host has no Nix that could receive a closure`,
    expected: "nix-store and nix-daemon",
    found: "neither in the default profile, the running system, nor PATH",
    at: renderAddress(session.spec),
    fix: "install Nix on the host (nix.enable = true)",
  });
}
