import type { HostLook } from "./host-look.ts";

/**
 * A deployment's steps in their order, as its traces on the host show them. Each begins where its name says:
 * `facts`: the lock is held, nothing else; `roots`: both closures are protected; `push`: the first path arrives; `check`: the
 * last one is there; `secrets`: they are staged; `test`: the supervisor begins; `health`: a gate asks; `acknowledge`: the
 * order lies there; `commit`: the supervisor has begun to; `done`: its verdict; `rollback`: the way back has begun;
 * `rolled-back`: its verdict.
 */
export const steps = [
  "facts",
  "roots",
  "push",
  "check",
  "secrets",
  "test",
  "health",
  "acknowledge",
  "commit",
  "done",
  "rollback",
  "rolled-back",
] as const;
export type Step = (typeof steps)[number];

/** How far the deployment of `declared` has come; undefined: its lock was not seen yet. */
export function stepOf(look: HostLook): Step | undefined {
  const { job } = look;
  if (job !== undefined) {
    if (job.state === "rolling-back") return job.verdict === undefined ? "rollback" : "rolled-back";
    if (job.verdict === 10 || job.verdict === 11) return "rolled-back";
    if (job.verdict !== undefined) return "done";
    if (job.state === "committing") return "commit";
    if (job.ordered) return "acknowledge";
    return look.asked ? "health" : "test";
  }
  if (look.staged) return "secrets";
  if (look.arrived) return "check";
  if (look.arriving) return "push";
  if (look.protected) return "roots";
  return look.locked ? "facts" : undefined;
}

/** The deployment has come to its verdict. */
export function isEnd(step: Step): boolean {
  return step === "done" || step === "rolled-back";
}

/** Whether a step that is seen is the wanted one or a later one: a short step may pass between two looks. The way back is another way. */
export function hasReached(seen: Step, wanted: Step): boolean {
  const [from, to] = [steps.indexOf(seen), steps.indexOf(wanted)];
  return from === to || (from > to && to < steps.indexOf("done"));
}
