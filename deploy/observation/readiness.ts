import { z } from "zod";
import { FactLines, senselessFacts } from "../fact-lines.ts";
import { type FactsQuestion, type HostFacts, readFacts } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const script = [new URL("./scripts/readiness.sh", import.meta.url)];

const toolsSchema = z.object({
  /** What `nix-store --version` says; null: there is none. */
  nix: z.string().nullable(),
  zstd: z.boolean(),
  systemd: z.string().nullable(),
  /** Who logged in, not whom sudo made of them. */
  login: z.string().min(1).max(255),
  /** Whether the script ran as root: logged in as root, or by a sudo that asks nothing. */
  root: z.boolean(),
  /** Whether the host's Nix takes unsigned paths of who logged in; null: it does not tell. */
  trusted: z.boolean().nullable(),
});

/** What a host has of what a deployment needs. */
export interface Readiness {
  readonly facts: HostFacts;
  readonly tools: z.output<typeof toolsSchema>;
  /** How far the host's clock is ahead of this one, in seconds; the time of a round trip is within it. */
  readonly clockAheadSeconds: number;
}

/** Two answers at once, which touch nothing; root's rights are used where they come without a question. @throws {RemoteOutputError} */
export async function readReadiness(host: SshHost, question: FactsQuestion, signal: AbortSignal): Promise<Readiness> {
  const options = { elevation: "if-possible", deadlineSeconds: 30 } as const;
  const askedAt = Date.now();
  const [facts, text] = await Promise.all([
    readFacts(host, question, signal),
    host.read(composeScript("readiness", script, []), options, signal),
  ]);
  const tools = parseTools(text);
  if (!tools.success) throw senselessFacts(host, "tools, user, clock", "a NixOS or nix-darwin machine", tools.error);
  return { facts, tools: tools.data, clockAheadSeconds: outside(facts.now, askedAt / 1000, Date.now() / 1000) };
}

/** How far a moment lies outside of the time in which it must have been; 0: within. */
function outside(seconds: number, from: number, to: number): number {
  if (seconds < Math.floor(from)) return Math.round(seconds - from);
  return seconds > Math.ceil(to) ? Math.round(seconds - to) : 0;
}

/** @param text - lines of scripts/readiness.sh */
export function parseTools(text: string): z.ZodSafeParseResult<Readiness["tools"]> {
  const lines = new FactLines(text);
  const complete = lines.one("end") !== undefined; // what an answer that was cut does not say must not be taken for a no
  const login = complete ? lines.one("login") : undefined;
  return toolsSchema.safeParse({
    nix: lines.one("nix") ?? null,
    zstd: lines.one("zstd") !== undefined,
    systemd: lines.one("systemd") ?? null,
    login,
    root: lines.one("uid") === "0",
    trusted: isTrusted(login ?? "", words(lines.one("groups")), lines.one("trusted")),
  });
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

/** Source: Nix manual 2.26, nix.conf(5), `trusted-users`: names, `@group`, `*`. */
function isTrusted(login: string, groups: readonly string[], stated: string | undefined): boolean | null {
  if (stated === undefined) return null;
  const trusted = words(stated);
  return trusted.some(
    (name) => name === "*" || name === login || (name.startsWith("@") && groups.includes(name.slice(1))),
  );
}
