import { createHash } from "node:crypto";
import { z } from "zod";
import { storePathSchema } from "../../../deploy/activation/transaction.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import type { StubJob } from "./stub-job.ts";

const owner = z.strictObject({ project: z.string(), stack: z.string() });

/** How hosts are when they start. */
export const beginningSchema = z.strictObject({
  /** In every host's store. */
  present: z.array(storePathSchema).default([]),
  hosts: z.record(z.string(), z.strictObject({ running: storePathSchema, owner: owner.optional() })).default({}),
});
export type Beginning = z.output<typeof beginningSchema>;

/** All that a stub host remembers. Of its store these are names only. */
export interface HostMemory {
  readonly name: string;
  readonly bootId: string;
  readonly booted: StorePath;
  current: StorePath;
  profile: StorePath;
  generation: number;
  /** Unix seconds: since when the profile has its generation. */
  deployedAt: number;
  /** Files of the product's own folder, as they were written. */
  owner: string | undefined;
  transaction: string | undefined;
  lock: { readonly token: string; readonly by: string; readonly since: number; readonly end: () => void } | undefined;
  readonly jobs: Map<string, StubJob>;
  /** Paths that came over SSH. */
  readonly received: Set<string>;
  /** Shared by all hosts; never written to. */
  readonly present: ReadonlySet<string>;
}

export function beginHost(name: string, { hosts }: Beginning, present: ReadonlySet<string>): HostMemory {
  const digest = createHash("sha256").update(name).digest("hex");
  const begun = hosts[name];
  const running = begun?.running ?? parseStorePath(`/nix/store/${"0".repeat(32)}-nixos-system-${name}-first`);
  return {
    name,
    bootId: [8, 4, 4, 4, 12].map((length, index) => digest.slice(index * 12, index * 12 + length)).join("-"),
    booted: running,
    current: running,
    profile: running,
    generation: 1,
    deployedAt: now(),
    owner: begun?.owner && JSON.stringify({ ...begun.owner, machine: name }),
    transaction: undefined,
    lock: undefined,
    jobs: new Map(),
    received: new Set(),
    present,
  };
}

export function isValid({ booted, present, received }: HostMemory, path: string): boolean {
  return path === booted || present.has(path) || received.has(path);
}

/** Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}
