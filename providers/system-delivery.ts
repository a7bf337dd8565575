import { deployMachine } from "../deploy/deploy-machine.ts";
import { HostUnreachableError } from "../deploy/errors.ts";
import { readFacts } from "../deploy/host-facts.ts";
import { type Outcome, renderOutcome } from "../deploy/outcome.ts";
import { connect } from "../deploy/ssh/connect.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { writeOpensshOptions } from "../deploy/ssh/openssh-options.ts";
import { readOperatorEnvironment, resolveConnection } from "../deploy/ssh/resolve-connection.ts";
import { type BuildPlace, buildToplevel } from "../local-nix/build.ts";
import type { Report } from "../report.ts";
import type { ClosureFacts, ClosureInputs } from "./system-closure-schema.ts";

/** Builds a machine's system where it shall be built and deploys it. @throws {FleetError} before the host was touched. */
export async function deliverSystem(inputs: ClosureInputs, report: Report, signal: AbortSignal): Promise<Outcome> {
  const { machine, toplevel, system, policy, owner } = inputs;
  const connection = await resolve(inputs);
  await build(inputs, connection, report, signal);
  const request = { machine, connection, class: inputs.class, system, toplevel, policy, owner };
  const outcome = await deployMachine(request, report, signal);
  report({ level: "info", subject: machine, phase: "done", message: renderOutcome(outcome) });
  return outcome;
}

/** What a host runs now. Unreachable: nothing new is known, and a warning says so. */
export async function readRunning(
  inputs: ClosureInputs,
  report: Report,
  signal: AbortSignal,
): Promise<Partial<ClosureFacts>> {
  try {
    const connection = { ...(await resolve(inputs)), connectDeadlineSeconds: 10 };
    await using host = await connect(connection, report, signal);
    const { current, profile, generation, failedUnits } = await readFacts(host, inputs.class, signal);
    return { running: current, profile, generation, failedUnits };
  } catch (error) {
    if (!(error instanceof HostUnreachableError)) throw error;
    const message = `not reachable, its last known state is kept: ${error.reason}`;
    report({ level: "warning", subject: inputs.machine, phase: "refresh", message });
    return {};
  }
}

async function build(
  inputs: ClosureInputs,
  connection: ConnectionSpec,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { machine, drvPath, toplevel, buildOn } = inputs;
  await using stack = new AsyncDisposableStack();
  const where = async (): Promise<BuildPlace> => {
    if (buildOn === "local") return { kind: "local" };
    const openssh = stack.use(await writeOpensshOptions(connection));
    return { kind: "target", storeUri: `ssh-ng://${openssh.destination}`, sshOptions: openssh.nixSshOpts };
  };
  await buildToplevel({ machine, drvPath, toplevel, where: await where() }, report, signal);
}

async function resolve(inputs: ClosureInputs): Promise<ConnectionSpec> {
  const { machine, targetHost, identityFiles, hostKeys, connectDeadlineSeconds } = inputs;
  const operator = await readOperatorEnvironment(process.env);
  const request = { machine, target: targetHost, definedAt: `${machine}: targetHost`, hostKeys, connectDeadlineSeconds };
  return resolveConnection(identityFiles.length === 0 ? request : { ...request, identityFiles }, operator);
}
