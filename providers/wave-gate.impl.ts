import type { dynamic } from "@pulumi/pulumi";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { z } from "zod";
import { passGate, type WaveMember } from "../stack/pass-gate.ts";
import { openEngineLog } from "./engine-log.ts";
import { interruptible } from "./interruption.ts";
import { sudoPassword } from "./provider-config.ts";
import {
  type GateMember,
  seenMembersSchema,
  type WaveGateInputs,
  type WaveGateOutputs,
  waveGateInputsSchema,
} from "./wave-gate-schema.ts";

/** In a preview any property may still be Pulumi's placeholder for "unknown", whatever its type. */
const uncheckedSchema = z.object(
  Object.fromEntries(
    Object.entries(waveGateInputsSchema.shape).map(([key, schema]) => [
      key,
      z.union([z.literal(unknownValue), schema]),
    ]),
  ),
);

export async function check(_olds: unknown, news: WaveGateInputs): Promise<dynamic.CheckResult<WaveGateInputs>> {
  const issues = uncheckedSchema.safeParse(news).error?.issues ?? [];
  return {
    inputs: news,
    failures: issues.map(({ path, message }) => ({ property: path.map(String).join("."), reason: message })),
  };
}

/** Only a deployment since is a reason to wait and to look: another pause, gate or address is none. */
export async function diff(_id: string, olds: unknown, news: WaveGateInputs): Promise<dynamic.DiffResult> {
  const members = waveGateInputsSchema.shape.members.safeParse(news.members).data;
  const failed = waveGateInputsSchema.shape.failed.safeParse(news.failed).data;
  if (members === undefined || failed === undefined) return { changes: true };
  return { changes: failed.length > 0 || deployedSince(members, olds, news.__since).length > 0 };
}

/** @throws {WaveClosedError} the engine keeps no resource then: the next `up` comes to it again. */
export async function create(inputs: WaveGateInputs): Promise<dynamic.CreateResult<WaveGateOutputs>> {
  await pass(inputs, undefined);
  return { id: inputs.wave, outs: storedGate(inputs) };
}

/** @throws {WaveClosedError} the state keeps what the gate has seen before. */
export async function update(
  _id: string,
  olds: unknown,
  news: WaveGateInputs,
): Promise<dynamic.UpdateResult<WaveGateOutputs>> {
  await pass(news, olds);
  return { outs: storedGate(news) };
}

/** The ways to the machines stand among its inputs. */
function storedGate(inputs: WaveGateInputs): WaveGateOutputs {
  return { ...inputs, members: inputs.members.map(({ machine, deployedAt }) => ({ machine, deployedAt })) };
}

async function pass(raw: WaveGateInputs, olds: unknown): Promise<void> {
  const { wave: name, members: all, __since: since, reportTo, ...stated } = waveGateInputsSchema.parse(raw);
  await using log = openEngineLog(reportTo);
  using work = interruptible();
  const members = deployedSince(all, olds, since);
  await passGate({ ...stated, name, members }, log.report, work.signal, sudoPassword());
}

/**
 * Machines that were deployed to since the gate last opened; of one that it has never seen, since the run's beginning.
 * Not only those of this run: one that was cut off before its gate is made up for.
 */
export function deployedSince(members: readonly GateMember[], olds: unknown, runSince: number): WaveMember[] {
  const seen = new Map(seenMembersSchema.parse(olds ?? {}).members.map((one) => [one.machine, one.deployedAt]));
  return members.flatMap((member) => {
    const { deployedAt } = member;
    if (deployedAt === null) return [];
    const before = seen.get(member.machine);
    const isSince = before === undefined ? deployedAt >= runSince : before !== deployedAt;
    return isSince ? [{ ...member, deployedAt }] : [];
  });
}
