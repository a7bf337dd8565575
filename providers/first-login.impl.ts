import type { dynamic } from "@pulumi/pulumi";
import { computeAccess } from "../cloud/gcp/access.ts";
import { computeApi } from "../cloud/gcp/compute-api.ts";
import { removeMetadata } from "../cloud/gcp/vm-metadata.ts";
import { traced } from "../trace.ts";
import { openEngineLog } from "./engine-log.ts";
import {
  type FirstLoginInputs,
  type FirstLoginOutputs,
  firstLoginInputsSchema,
  firstLoginOutputsSchema,
} from "./first-login-schema.ts";
import { interruptible } from "./interruption.ts";
import { configValue } from "./provider-config.ts";

/** Metadata by which somebody can log in. What keeps others out (OS Login, the project's keys) stays. */
const keys = ["ssh-keys", "startup-script"];
const deadlineMs = 5 * 60_000;

/** Another VM, or one that was installed since. Unknown in a preview: what changes it is yet to come. */
export async function diff(_id: string, olds: unknown, news: FirstLoginInputs): Promise<dynamic.DiffResult> {
  const { instanceId, closed } = firstLoginOutputsSchema.parse(olds);
  return { changes: instanceId !== news.instanceId || (!closed && news.installed) };
}

/** @throws {GcpApiError} */
export async function create(inputs: FirstLoginInputs): Promise<dynamic.CreateResult<FirstLoginOutputs>> {
  return { id: inputs.machine, outs: { ...inputs, closed: await close(inputs) } };
}

/** @throws {GcpApiError} */
export async function update(
  _id: string,
  _olds: unknown,
  news: FirstLoginInputs,
): Promise<dynamic.UpdateResult<FirstLoginOutputs>> {
  return { outs: { ...news, closed: await close(news) } };
}

async function close(raw: FirstLoginInputs): Promise<boolean> {
  const { machine, project, zone, installed, reportTo } = firstLoginInputsSchema.parse(raw);
  if (!installed) return false;
  using stop = interruptible();
  await using log = openEngineLog(reportTo);
  const api = computeApi(computeAccess({ config: configValue, env: process.env }));
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]);
  const removed = await traced({ kind: "phase", subject: machine, what: "ask Google" }, () =>
    removeMetadata({ project, zone, name: machine }, keys, api, signal),
  );
  if (removed.length > 0) {
    const message = `installed: ${removed.join(" and ")} are taken out of the VM's metadata`;
    log.report({ level: "info", subject: machine, phase: "first login", message });
  }
  return true;
}
