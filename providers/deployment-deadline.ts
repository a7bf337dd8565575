import { FleetError } from "../errors.ts";

/** A machine's build, push and activation took longer than the stack allows. */
export class DeploymentDeadlineError extends FleetError {
  readonly code = "FLEET_DEPLOYMENT_DEADLINE";
}

export interface DeploymentDeadline extends Disposable {
  /** Its reason is a DeploymentDeadlineError, which whoever waits throws as it is. */
  readonly signal: AbortSignal;
}

/** Runs from now on. A plain timeout signal would end a deployment with "aborted due to timeout" and name no setting. */
export function deploymentDeadline({
  machine,
  deadlineSeconds,
}: {
  readonly machine: string;
  readonly deadlineSeconds: number;
}): DeploymentDeadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(tooLate(machine, deadlineSeconds)), deadlineSeconds * 1000);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

function tooLate(machine: string, seconds: number): DeploymentDeadlineError {
  return new DeploymentDeadlineError({
    summary: `${machine}: its deployment did not end in time`,
    expected: `build, push and activation within ${seconds} s`,
    found: "still under way; it was stopped",
    at: "pulumi-clan:deadlineSeconds",
    fix: "`pulumi up` goes on where this one ended; for a long build allow more: pulumi config set pulumi-clan:deadlineSeconds …",
  });
}
