import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import type { Look } from "../deploy/installation/install-machine.ts";
import { renderDisk, renderLosses } from "../deploy/installation/plan-installation.ts";
import { FleetError } from "../errors.ts";
import type { FleetEvent } from "../report.ts";
import { lookBeforeInstallation } from "../stack/run-installation.ts";
import { openEngineLog } from "./engine-log.ts";
import { type InstallationInputs, installationInputsSchema } from "./installation-schema.ts";
import { interruptible } from "./interruption.ts";
import { sudoPassword } from "./provider-config.ts";

/** A preview waits for a machine no longer than this: one that is not there yet is no reason for a failure. */
const lookSeconds = 15;

/**
 * Says what an installation would wipe. A machine that can be asked is asked; what is not there yet is named by what is
 * known of it: `wipes /dev/sda of instance 4711, unless it runs NixOS`.
 */
export async function announce(inputs: InstallationInputs): Promise<void> {
  await using log = openEngineLog(known(inputs.reportTo) ? inputs.reportTo : "");
  log.report({ ...(await announcement(inputs)), subject: inputs.machine, phase: "install" });
}

/** What `announce` says. */
export async function announcement(inputs: InstallationInputs): Promise<Pick<FleetEvent, "level" | "message">> {
  const look = await lookIfThere(inputs);
  if (look === undefined) return { level: "warning", message: intent(inputs) };
  if (typeof look === "string")
    return { level: "warning", message: `${intent(inputs)}; it could not be looked at: ${look}` };
  const { plan, facts } = look;
  switch (plan.kind) {
    case "installed":
    case "reached": // not without a last phase, of which a stack has none
      return { level: "info", message: `runs ${facts.name}, which stays` };
    case "refuse": {
      const obstacles = plan.obstacles.map(({ found, fix }) => `${found}: ${fix}`).join("; ");
      return { level: "warning", message: `will be refused: ${obstacles}` };
    }
    case "run": {
      const disks = plan.wipes.map(renderDisk).join(", ") || "nothing more";
      const what = `wipes ${disks} of ${place(inputs)}, which runs ${facts.name}`;
      return { level: "warning", message: [what, ...renderLosses(plan.wipes)].join("; ") };
    }
  }
}

/** @returns undefined: a preview does not know all of it yet; a text: why it could not be looked at. */
async function lookIfThere(raw: InstallationInputs): Promise<Look | string | undefined> {
  const { data: inputs } = installationInputsSchema.safeParse(raw);
  if (inputs === undefined || Object.values(inputs).includes(unknownValue)) return undefined;
  using work = interruptible();
  const connectDeadlineSeconds = Math.min(inputs.connectDeadlineSeconds, lookSeconds);
  const signal = AbortSignal.any([work.signal, AbortSignal.timeout(2 * lookSeconds * 1000)]);
  try {
    const run = { sudoPassword: sudoPassword() };
    return await lookBeforeInstallation({ ...inputs, connectDeadlineSeconds }, run, () => undefined, signal);
  } catch (error) {
    work.signal.throwIfAborted();
    if (error instanceof FleetError)
      return `${error.facts.summary.replace(`${inputs.machine}: `, "")}: ${error.facts.found}`;
    if (signal.aborted) return `no answer within ${2 * lookSeconds} s`;
    throw error;
  }
}

function intent(inputs: InstallationInputs): string {
  const unless = known(inputs.reinstall) ? `, also if it is the NixOS ${inputs.reinstall}` : ", unless it runs NixOS";
  return `wipes ${inputs.disko.devices.join(", ")} of ${place(inputs)}${unless}`;
}

function place({ instanceId, targetHost }: InstallationInputs): string {
  if (known(instanceId)) return `instance ${instanceId}`;
  return known(targetHost) ? `the machine at ${targetHost}` : "the new VM";
}

function known(text: string | undefined): text is string {
  return text !== undefined && text !== unknownValue;
}
