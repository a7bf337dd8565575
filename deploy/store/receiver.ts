import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { hostScript } from "../activation/scripts.ts";
import { PushError, SudoError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { Elevation } from "../ssh/remote-command.ts";
import { parsePublicKeys } from "./signature.ts";
import type { SignaturePolicy } from "./trust.ts";

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
  /** How Nix is run there: as root, or where sudo does not work as the login user, through the daemon. */
  readonly elevation: Elevation;
  readonly isRoot: boolean;
  readonly signatures: SignaturePolicy;
}

const toolSchema = z.string().regex(/^\/[A-Za-z0-9/._+-]{1,400}$/);

/** One round trip. @throws {PushError} when the host has no Nix */
export async function readReceiver(session: HostSession, toplevel: StorePath, signal: AbortSignal): Promise<Receiver> {
  const { text, elevation } = await askHost(session, toplevel, signal);
  const facts = new Map(text.split("\n").map((line) => [line.split("\t")[0] ?? "", line.split("\t")[1] ?? ""]));
  const tool = (name: string): string | undefined => toolSchema.safeParse(facts.get(name)).data;
  const [nixStore, nixDaemon, zstd] = [tool("nix-store"), tool("nix-daemon"), tool("zstd")];
  if (nixStore === undefined || nixDaemon === undefined) throw noNix(session);
  const freeKib = countOf(facts.get("free"));
  return {
    valid: facts.get("valid") === "yes",
    nixStore,
    nixDaemon,
    ...(zstd === undefined ? {} : { zstd }),
    ...(freeKib === undefined ? {} : { freeKib }),
    elevation,
    isRoot: facts.get("uid") === "0",
    signatures: {
      required: facts.get("require-sigs") !== "false",
      keys: parsePublicKeys(facts.get("trusted-public-keys") ?? ""),
    },
  };
}

/** As root where that works. Who cannot become root may still be one whom the daemon trusts. */
async function askHost(
  session: HostSession,
  toplevel: StorePath,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly elevation: Elevation }> {
  const script = hostScript("validity", [toplevel]);
  const ask = async (elevation: Elevation): Promise<{ text: string; elevation: Elevation }> => {
    const options = { elevation, deadlineSeconds: 60 };
    return { text: await session.retried((host) => host.read(script, options, signal), signal), elevation };
  };
  try {
    return await ask(session.elevation);
  } catch (error) {
    // A password that was given and does not work is said, not passed over.
    if (!(error instanceof SudoError) || session.spec.sudoPassword !== undefined) throw error;
    return await ask("none");
  }
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
