import type { dynamic } from "@pulumi/pulumi";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { z } from "zod";
import { runInstallation } from "../stack/run-installation.ts";
import { openEngineLog } from "./engine-log.ts";
import { announce } from "./installation-preview.ts";
import {
  type InstallationFacts,
  type InstallationInputs,
  type InstallationOutputs,
  installationFactsSchema,
  installationInputsSchema,
} from "./installation-schema.ts";
import { interruptible } from "./interruption.ts";
import { sudoPassword } from "./provider-config.ts";

/** In a preview any property may still be Pulumi's placeholder for "unknown", whatever its type. */
const uncheckedSchema = z.object(
  Object.fromEntries(
    Object.entries(installationInputsSchema.shape).map(([key, schema]) => [
      key,
      z.union([z.literal(unknownValue), schema]),
    ]),
  ),
);

/** A preview calls neither create nor update: what they will wipe is said here, while nothing is decided yet. */
export async function check(
  olds: Partial<InstallationInputs> | undefined,
  news: InstallationInputs,
): Promise<dynamic.CheckResult<InstallationInputs>> {
  const issues = uncheckedSchema.safeParse(news).error?.issues ?? [];
  const failures = issues.map(({ path, message }) => ({ property: path.map(String).join("."), reason: message }));
  if (failures.length === 0 && olds?.machine === undefined && news.power === "on") await announce(news);
  return { inputs: news, failures };
}

/** Nothing else of an old state is looked at. */
const seenSchema = z
  .object({
    machine: z.string().optional().catch(undefined),
    instanceId: z.string().optional().catch(undefined),
    reinstall: z.string().optional().catch(undefined),
    installed: installationFactsSchema.shape.installed.catch(null),
  })
  .catch({ installed: null });

/** Whatever is declared to run, the way there and the keys are no reasons to wipe a disk. */
export async function diff(
  _id: string,
  olds: InstallationOutputs,
  news: InstallationInputs,
): Promise<dynamic.DiffResult> {
  const seen = seenSchema.parse(olds);
  if (seen.machine !== news.machine) return { changes: true, replaces: ["machine"] };
  if (news.power === "off") return { changes: false };
  // Where the old state or a preview does not know the VM's id, there is no other VM to be seen.
  const known = seen.instanceId !== undefined && news.instanceId !== undefined;
  const otherVm = known && seen.instanceId !== news.instanceId;
  const named = news.reinstall !== undefined && news.reinstall !== seen.reinstall;
  const changes = seen.installed === null || otherVm || named;
  if (changes) await announce(news);
  return { changes };
}

/** @throws {InstallationRefusedError} @throws {InstallationFailedError}: the next `up` goes on where the machine stands. */
export async function create(inputs: InstallationInputs): Promise<dynamic.CreateResult<InstallationOutputs>> {
  return { id: inputs.machine, outs: await install(inputs) };
}

/** @throws as `create`; the state keeps what it knew. */
export async function update(
  _id: string,
  _olds: InstallationOutputs,
  news: InstallationInputs,
): Promise<dynamic.UpdateResult<InstallationOutputs>> {
  return { outs: await install(news) };
}

async function install(raw: InstallationInputs): Promise<InstallationOutputs> {
  const inputs = installationInputsSchema.parse(raw);
  const none: InstallationFacts = { installed: null, machineId: null, wiped: [], seconds: 0 };
  if (inputs.power === "off") return { ...raw, ...none };
  const began = performance.now();
  await using log = openEngineLog(inputs.reportTo);
  using work = interruptible();
  const run = { sudoPassword: sudoPassword() };
  const { kind, machineId, wiped } = await runInstallation(inputs, run, log.report, work.signal);
  if (kind === "stopped") throw new Error("an installation without a last phase of its own was stopped");
  const message =
    kind === "already"
      ? "runs NixOS already, nothing was wiped"
      : wiped.length === 0
        ? "runs the declared system"
        : `wiped ${wiped.join(", ")}, runs the declared system`;
  log.report({ level: "info", subject: inputs.machine, phase: "installed", message });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return { ...raw, installed: kind, machineId, wiped: [...wiped], seconds };
}
