import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { hostScript } from "../activation/scripts.ts";
import { PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";

/** What a host has to receive a closure with. */
export interface Receiver {
  /** The toplevel is there already, and so its closure is. */
  readonly valid: boolean;
  readonly nixStore: string;
  readonly nixDaemon: string;
  /** Absent: the host has none. */
  readonly zstd?: string;
  /** Free in /nix; absent: unknown. */
  readonly freeKib?: number;
  /** Who runs Nix there: 0 for root, also through sudo. */
  readonly uid?: number;
}

const toolSchema = z.string().regex(/^\/[A-Za-z0-9/._+-]{1,400}$/);

/** One round trip. @throws {PushError} when the host has no Nix */
export async function readReceiver(session: HostSession, toplevel: StorePath, signal: AbortSignal): Promise<Receiver> {
  const script = hostScript("validity", [toplevel]);
  const text = await session.retried(() => session.script(script, { deadlineSeconds: 60 }, signal), signal);
  const facts = new Map(text.split("\n").map((line) => [line.split("\t")[0] ?? "", line.split("\t")[1] ?? ""]));
  const tool = (name: string): string | undefined => toolSchema.safeParse(facts.get(name)).data;
  const [nixStore, nixDaemon, zstd] = [tool("nix-store"), tool("nix-daemon"), tool("zstd")];
  if (nixStore === undefined || nixDaemon === undefined) throw noNix(session);
  const freeKib = countOf(facts.get("free"));
  const uid = countOf(facts.get("uid"));
  return {
    valid: facts.get("valid") === "yes",
    nixStore,
    nixDaemon,
    ...(zstd === undefined ? {} : { zstd }),
    ...(freeKib === undefined ? {} : { freeKib }),
    ...(uid === undefined ? {} : { uid }),
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
