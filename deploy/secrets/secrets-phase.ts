import type { Report } from "../../report.ts";
import type { RootShell } from "../root-shell.ts";
import type { StagedSecrets } from "./secret-source.ts";

/** How a step of the secrets' phase ended. `failed` leaves the host as it was before the step, or is taken up by the next run. */
export type SecretsResult =
  | { readonly kind: "unchanged" | "staged" | "replaced" | "committed" | "restored" | "nothing" }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * The secrets of one deployment on one host. Each step may be repeated, also by another run after a crash.
 * Order: stage (sends and proves; replaces nothing) → replace (just before `test`) → commit, or restore.
 */
export interface SecretsPhase {
  stage(shell: RootShell, secrets: StagedSecrets, report: Report, signal: AbortSignal): Promise<SecretsResult>;
  replace(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult>;
  commit(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult>;
  restore(shell: RootShell, report: Report, signal: AbortSignal): Promise<SecretsResult>;
}
