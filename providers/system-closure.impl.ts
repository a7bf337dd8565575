import type { dynamic } from "@pulumi/pulumi";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { z } from "zod";
import { borrowConnections } from "../deploy/ssh/shared-connections.ts";
import { isStorePath, renderStorePath } from "../local-nix/store-path.ts";
import { deliverSystem } from "../stack/deliver-system.ts";
import { isAsAsked } from "../stack/delivery.ts";
import { isToBeDeployed } from "../stack/plan/system-difference.ts";
import { timesOf } from "../stack/times.ts";
import { deploymentDeadline } from "./deployment-deadline.ts";
import { openEngineLog } from "./engine-log.ts";
import { formerHostKeys, stillFormer } from "./former-host-keys.ts";
import { formerOwners, stillFormerOwners } from "./former-owners.ts";
import { HostAfterError } from "./host-after-error.ts";
import { interruptible } from "./interruption.ts";
import { sudoPassword } from "./provider-config.ts";
import { readRunning, seenFacts } from "./read-running.ts";
import { releaseMachine } from "./release-machine.ts";
import { storedOutputs, wholePolicy } from "./stored-closure.ts";
import {
  type ClosureFacts,
  type ClosureInputs,
  type ClosureOutputs,
  closureFactsSchema,
  closureInputsSchema,
  closureOutputsSchema,
  comparedKeys,
  type Held,
} from "./system-closure-schema.ts";

/** In a preview any property may still be Pulumi's placeholder for "unknown", whatever its type. */
const uncheckedSchema = z.object(
  Object.fromEntries(
    Object.entries(closureInputsSchema.shape).map(([key, schema]) => [key, z.union([z.literal(unknownValue), schema])]),
  ),
);

export async function check(_olds: unknown, news: ClosureInputs): Promise<dynamic.CheckResult<ClosureInputs>> {
  const issues = uncheckedSchema.safeParse(news).error?.issues ?? [];
  const failures = issues.map(({ path, message }) => ({ property: path.map(String).join("."), reason: message }));
  return { inputs: news, failures };
}

const takeOverSchema = z.object({ takeOver: z.boolean() }).catch({ takeOver: false });

/** Of the policy the deadlines are no difference: nothing of them is on the host. */
function takesOver(policy: unknown): boolean {
  return takeOverSchema.parse(policy).takeOver;
}

/**
 * What a host was last seen to run against what is declared. The way to the host (address, user, identity, pins),
 * deadlines and provider code are no differences: with them every edit would touch every host.
 */
export async function diff(_id: string, olds: ClosureOutputs, news: ClosureInputs): Promise<dynamic.DiffResult> {
  // Also where its former deployment failed: the engine then calls `update`, which leaves the machine alone, too.
  if (heldBy(news) !== null) return { changes: false };
  if (news.power === "off") return { changes: olds.power !== "off" };
  const seen = closureOutputsSchema
    .pick({ machine: true, ...comparedKeys })
    .partial()
    .parse(olds);
  const isOther = seen.machine !== news.machine;
  // Unknown in a preview while the node's address is; then the last known state decides alone.
  const observed = closureInputsSchema.shape.observed.safeParse(news.observed).data ?? undefined;
  const known = { ...seen, takeOver: takesOver(olds.policy) };
  const declared = { ...news, policy: wholePolicy(news.policy) };
  const changes = isOther || isOtherVm(olds, news) || isToBeDeployed(known, declared, observed);
  if (changes && seen.drift) await tellDrift(seen.drift, news);
  return { changes, replaces: isOther ? ["machine"] : [] };
}

const vmSchema = z.object({ instanceId: z.string().optional() }).catch({});

/**
 * Below the machine is another VM than the one that was deployed to: its disk is empty, and nothing that is known of the old
 * one holds for it. In a preview the number of a VM that will be made is not known, and differs.
 */
function isOtherVm(olds: unknown, news: ClosureInputs): boolean {
  const { instanceId } = vmSchema.parse(olds);
  return instanceId !== undefined && news.instanceId !== undefined && instanceId !== news.instanceId;
}

/** @throws {FleetError} before the host was touched. @throws {HostAfterError} afterwards: its state is kept. */
export async function create(raw: ClosureInputs): Promise<dynamic.CreateResult<ClosureOutputs>> {
  return { id: raw.machine, outs: storedOutputs(await deploy(raw, undefined)) };
}

/** @throws {FleetError} before the host was touched. @throws {HostAfterError} afterwards: its state is kept. */
export async function update(
  _id: string,
  olds: ClosureOutputs,
  news: ClosureInputs,
): Promise<dynamic.UpdateResult<ClosureOutputs>> {
  return { outs: storedOutputs(await deploy(news, olds)) };
}

/** Asks the host. One that cannot be reached keeps its last known state, with a warning: it may be asleep. */
export async function read(id: string, props: ClosureOutputs | undefined): Promise<dynamic.ReadResult<ClosureOutputs>> {
  const known = closureOutputsSchema.parse(props);
  if (known.power === "off") return { id, ...(props === undefined ? {} : { props }) };
  await using log = openEngineLog(known.reportTo);
  using work = interruptible();
  const seen = await readRunning(known, log.report, work.signal);
  // As it was stored: a refresh shows what the host changed and not how a release writes it.
  return { id, props: { ...known, ...props, ...seen } };
}

/** Pulumi shows which properties differ, not why: the reason is told on the machine's line. */
async function tellDrift(drift: string, { machine, reportTo, toplevel }: ClosureInputs): Promise<void> {
  const wanted = isStorePath(toplevel) ? `, back to ${renderStorePath(toplevel)}` : "";
  await using log = openEngineLog(reportTo);
  log.report({ level: "info", subject: machine, phase: "drift", message: `${drift}${wanted}` });
}

/** Leaves the host running as it is: the state forgets it, and its owner's mark is taken away where it answers. */
export async function remove(_id: string, props: ClosureOutputs): Promise<void> {
  // Nothing else of an old state must parse: whatever it holds, it can be let go of.
  await using log = openEngineLog(typeof props.reportTo === "string" ? props.reportTo : "");
  const known = closureInputsSchema.safeParse(props).data;
  using work = interruptible();
  const released = known === undefined ? "its mark was left" : await releaseMachine(known, work.signal);
  log.report({ level: "info", phase: "forget", message: `the host keeps running as it is; ${released}` });
}

/** Not known in a preview where the node's address is not: then the machine is shown as one that has its turn. */
function heldBy({ held }: ClosureInputs): Held | null {
  return closureInputsSchema.shape.held.safeParse(held).data ?? null;
}

async function deploy(raw: ClosureInputs, before: ClosureOutputs | undefined): Promise<ClosureOutputs> {
  const inputs = closureInputsSchema.parse(raw);
  // What the VM before it had shown, its key above all, is not to be believed of this one.
  const olds = isOtherVm(before, inputs) ? undefined : before;
  const owners = formerOwners(olds, inputs.owner);
  if (inputs.held !== null) {
    const kept = olds === undefined ? { ...lastSeen(olds), outcome: inputs.held.kind } : lastSeen(olds);
    return { ...madeFromBefore(raw, olds), ...kept, formerOwners: owners };
  }
  if (inputs.power === "off") return { ...raw, ...skipped(olds), formerOwners: owners };
  const began = performance.now();
  await using log = openEngineLog(inputs.reportTo);
  await using lent = borrowConnections();
  using deadline = deploymentDeadline(inputs);
  using work = interruptible();
  const until = AbortSignal.any([deadline.signal, work.signal]);
  const former = formerHostKeys(olds, inputs.hostKeys);
  const delivery = { ...inputs, formerHostKeys: former, formerOwners: owners };
  const { outcome, observation } = await deliverSystem(delivery, log.report, until, sudoPassword(), lent.pool);
  const { facts } = outcome;
  const seen: ClosureFacts = {
    ...lastSeen(olds),
    ...(observation === undefined
      ? {
          running: facts.current,
          specialisations: facts.specialisations,
          profile: facts.profile,
          generation: facts.generation,
          failedUnits: facts.failedAfter,
        }
      : seenFacts(observation)),
    formerHostKeys: observation === undefined ? former : stillFormer(former, observation.hostKey),
    formerOwners: stillFormerOwners(owners, observation?.facts.owner),
    outcome: outcome.kind,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    took: timesOf(facts),
    drift: null,
    deployedAt: outcome.kind === "unreachable" ? lastSeen(olds).deployedAt : Math.floor(Date.now() / 1000),
    previous: facts.previous,
  };
  const { secretsDelivered } =
    inputs.policy.mode === "dry" ? seen : { secretsDelivered: inputs.secrets?.digest ?? null };
  const declared = inputs.policy.mode === "dry" ? madeFromBefore(raw, olds) : raw;
  if (isAsAsked(outcome, inputs.policy)) return { ...declared, ...seen, secretsDelivered };
  if (outcome.kind === "staged-for-reboot") {
    // As the reboot policy has it: no failure, and a difference until the host has booted.
    const message = `${renderStorePath(inputs.toplevel)} will run after a reboot: ${outcome.reason ?? "it needs one"}`;
    log.report({ level: "warning", subject: inputs.machine, phase: "staged", message });
    return { ...raw, ...seen, secretsDelivered };
  }
  throw new HostAfterError(outcome, { ...madeFromBefore(raw, olds), policy: inputs.policy, ...seen });
}

/** What the host runs is made of what it was made of before, whatever was tried since. */
function madeFromBefore(raw: ClosureInputs, olds: ClosureOutputs | undefined): ClosureInputs {
  const { __madeFrom: _tried, ...rest } = raw;
  return olds?.__madeFrom === undefined ? rest : { ...rest, __madeFrom: olds.__madeFrom };
}

function skipped(olds: ClosureOutputs | undefined): ClosureFacts {
  return { ...lastSeen(olds), outcome: "skipped", seconds: 0 };
}

const nothingSeen = { running: null, profile: null, generation: null, outcome: "", failedUnits: [], seconds: 0 };

/** What the state of any release knows of the host, in today's shape. */
function lastSeen(olds: ClosureOutputs | undefined): ClosureFacts {
  return closureFactsSchema.parse({ ...nothingSeen, ...olds });
}
