import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { HostSession } from "../host-session.ts";
import { quoteCommand, quoteWord } from "../ssh/shell-quote.ts";
import type { ActivationPolicy, Hook } from "./policy.ts";
import { orderDeadlineSeconds } from "./policy.ts";
import { hostScript, printingFunction, scriptText } from "./scripts.ts";
import { activatedBy, type JobPhase, type Transaction } from "./transaction.ts";

/** One transaction's work on a host, done by the supervisor there. */
export interface SupervisedJob {
  /** From `jobId`. */
  readonly id: string;
  /** `test`: the whole transaction; the others: only its end. */
  readonly action: JobPhase;
  readonly class: "nixos" | "darwin";
  readonly transaction: Transaction;
  readonly policy: ActivationPolicy;
  readonly bootable: boolean;
  /** For the next boot only: it need not run to be committed. */
  readonly staged: boolean;
  readonly loginUid: number;
  /** Secrets were staged for it. */
  readonly withSecrets: boolean;
  /** A job whose memory of the units before is taken over. */
  readonly heirOf?: string;
}

/** Seconds for which a job can live at most; systemd ends it then. */
export function lifeSeconds({ policy }: Pick<SupervisedJob, "policy">): number {
  const { testDeadlineSeconds, rollbackDeadlineSeconds, commitDeadlineSeconds } = policy;
  const hooks = hookSeconds(policy.hooks.beforeTest) + hookSeconds(policy.hooks.afterRollback);
  const ways = testDeadlineSeconds + orderDeadlineSeconds(policy) + 2 * rollbackDeadlineSeconds + commitDeadlineSeconds;
  return ways + hooks + 120;
}

/** Starts it unless it is there. @param token - who gives it orders; over stdin, as all but the transaction's public part. */
export async function startJob(
  session: HostSession,
  job: SupervisedJob,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const text = scriptText("supervisor");
  const definitions = [
    printingFunction("supervisor_text", text),
    printingFunction("job_env", jobEnvironment(job)),
    printingFunction("committing_json", JSON.stringify({ ...job.transaction, phase: "committing" })),
    `token=${quoteWord(token)}\n`,
  ].join("");
  const { rollbackDeadlineSeconds, hooks } = job.policy;
  const back = 2 * rollbackDeadlineSeconds + hookSeconds(hooks.afterRollback) + 60;
  const how = job.class === "darwin" ? "process" : "unit";
  const args = [JSON.stringify(job.transaction), job.id, how, String(lifeSeconds(job)), String(back)];
  const script = hostScript("start-job", [...args, job.heirOf ?? "", supervisorHash(text)], definitions);
  await session.retried(() => session.script(script, { deadlineSeconds: 30 }, signal), signal);
}

/** The supervisor's file on a host is named after its content: two versions of us never meet in one. */
export function supervisorHash(text: string): string {
  return createHash("sha256").update(`${text}\n`).digest("hex");
}

/** Shell text that the supervisor reads: what to do, in variables and two functions. */
export function jobEnvironment(job: SupervisedJob): string {
  const { policy, transaction } = job;
  const { toplevel, previous, owner } = transaction;
  const values: Readonly<Record<string, string | number>> = {
    action: job.action,
    class: job.class,
    mode: policy.mode,
    declared: toplevel,
    activated: activatedBy(transaction),
    previous: previous.current ?? "",
    expected: previous.profile ?? "",
    generation: previous.generation ?? "",
    bootable: job.bootable ? "yes" : "no",
    staged: job.staged ? "yes" : "no",
    commit_with: job.staged ? "boot" : policy.commitWith,
    install_loader: policy.installBootloader ? 1 : 0,
    owner: JSON.stringify(owner),
    by: operatorName(),
    login_uid: job.loginUid,
    with_secrets: job.withSecrets ? "yes" : "no",
    on_lost: policy.onLostContact,
    test_seconds: policy.testDeadlineSeconds,
    ack_seconds: orderDeadlineSeconds(policy),
    commit_seconds: policy.commitDeadlineSeconds,
    rollback_seconds: policy.rollbackDeadlineSeconds,
    hook_seconds_all: hookSeconds([...policy.hooks.beforeTest, ...policy.hooks.afterRollback]),
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoteWord(String(value))}`);
  const hooks = [
    hookFunction("before_test", policy.hooks.beforeTest),
    hookFunction("after_rollback", policy.hooks.afterRollback),
  ];
  return [...lines, ...hooks].join("\n");
}

/** `user@host`, for the host's record. The environment may say anything, and the record is JSON. */
function operatorName({ USER: user, LOGNAME: login }: NodeJS.ProcessEnv = process.env): string {
  return `${user || login || "unknown"}@${hostname()}`.replaceAll(/[^A-Za-z0-9@._-]/g, "-").slice(0, 200);
}

function hookFunction(name: string, hooks: readonly Hook[]): string {
  const calls = hooks.map(({ argv, deadlineSeconds }) => `  hook ${deadlineSeconds} ${quoteCommand(argv)}`);
  return `${name}() {\n${["  :", ...calls].join("\n")}\n}`;
}

function hookSeconds(hooks: readonly Hook[]): number {
  return hooks.reduce((sum, { deadlineSeconds }) => sum + deadlineSeconds + 5, 10);
}
