import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { ownerSchema, storePathSchema } from "../activation/transaction.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { type Generation, parseGenerations } from "./generations.ts";

const script = [new URL("./scripts/deployments.sh", import.meta.url)];

/** How a deployment ended, as the host wrote it down; the words are those of its supervisor. */
const verdicts = [
  "committed",
  "rolled-back",
  "rollback-failed",
  "closed",
  "kept",
  "acknowledged",
  "superseded",
  "commit-failed",
] as const;

const recordSchema = z.object({
  /** Unix seconds by the host's clock. */
  at: z.int().nonnegative(),
  verdict: z.enum(verdicts),
  toplevel: storePathSchema,
  owner: ownerSchema,
  /** `user@host` of who deployed. */
  by: z.string().max(300),
});
/** One deployment in the host's own record, `/nix/var/pulumi-clan/history`. */
export type DeploymentRecord = z.output<typeof recordSchema>;

/** One line of a machine's history: a generation of its profile, a deployment, or both. */
export interface HistoryEntry {
  /** Unix seconds by the host's clock; 0: not known. */
  readonly at: number;
  readonly toplevel: StorePath;
  /** Of the profile, where the deployment made it; null: it made none, or it is gone. */
  readonly generation: number | null;
  /** Null: another tool made the generation, or it is older than the record. */
  readonly deployment: Pick<DeploymentRecord, "verdict" | "owner" | "by"> | null;
}

/** What a host remembers of its deployments. Without root's rights its generations alone. */
export async function readHistory(host: SshHost, signal: AbortSignal): Promise<HistoryEntry[]> {
  const options = { elevation: "if-possible", deadlineSeconds: 30, maxOutputBytes: 4 * 1024 * 1024 } as const;
  const text = await host.read(composeScript("deployments", script, []), options, signal);
  return mergeHistory(parseGenerations(text), parseRecords(text));
}

/** @param text - among others lines `record<TAB><JSON>`; what does not parse is of another version, or was cut by a full disk. */
export function parseRecords(text: string): DeploymentRecord[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("record\t")) return [];
    const parsed = recordSchema.safeParse(jsonIn(line.slice("record\t".length)));
    return parsed.success ? [parsed.data] : [];
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Oldest first. A commit belongs to the newest generation of its system that was there by then, and to one commit alone. */
export function mergeHistory(generations: readonly Generation[], records: readonly DeploymentRecord[]): HistoryEntry[] {
  const claimed = new Set<number>();
  const deployments = [...records]
    .sort((a, b) => a.at - b.at)
    .map(({ at, toplevel, verdict, owner, by }): HistoryEntry => {
      const made = generations.findLast(
        (one) => one.toplevel === toplevel && one.madeAt <= at && !claimed.has(one.number),
      );
      const isOwn = verdict === "committed" && made !== undefined;
      if (isOwn) claimed.add(made.number);
      return { at, toplevel, generation: isOwn ? made.number : null, deployment: { verdict, owner, by } };
    });
  const others = generations
    .filter(({ number }) => !claimed.has(number))
    .map(
      ({ number, madeAt, toplevel }): HistoryEntry => ({ at: madeAt, toplevel, generation: number, deployment: null }),
    );
  return [...others, ...deployments].sort((a, b) => a.at - b.at || (a.generation ?? 0) - (b.generation ?? 0));
}
