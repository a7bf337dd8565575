import * as pulumi from "@pulumi/pulumi";
import { rulesBesideEvaluation } from "../clan/checks/all-rules.ts";
import type { CheckContext } from "../clan/checks/context.ts";
import { countFindings } from "../clan/checks/findings-json.ts";
import { fleetContext } from "../clan/checks/fleet-context.ts";
import type { HostNature } from "../clan/checks/host-nature.ts";
import type { MachineFacts } from "../clan/checks/machine-facts.ts";
import { renderGroups } from "../clan/checks/render-findings.ts";
import type { Finding } from "../clan/checks/rule.ts";
import { failing, runChecks } from "../clan/checks/run-checks.ts";
import type { FleetModel } from "../clan/fleet-model.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import type { Remark } from "../components/remark.ts";
import type { Suppression } from "../composition/fleet-checks.ts";
import { formatLocation } from "../composition/source-location.ts";
import { SecretText } from "../deploy/ssh/secret-text.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { Report } from "../report.ts";
import { readOwnedFacts } from "../stack/check-configurations.ts";
import type { HostConnection } from "../stack/connections.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { readHostNatures } from "../stack/read-hardware.ts";
import type { Stack } from "../stack/stack.ts";

/** What the checks of a run share. */
export interface FleetChecks {
  /** Warnings, for the resources that they concern. */
  readonly remarks: readonly Remark[];
  /**
   * Checks again with what the stack's machines were evaluated to; nothing more where systems come from elsewhere than the
   * fleet's flake. @throws {pulumi.RunError}
   */
  withConfigurations(
    stack: Stack,
    owned: readonly OwnedMachine[],
    known: {
      readonly connections: ReadonlyMap<string, HostConnection>;
      readonly systems: ReadonlyMap<string, MachineEvaluation>;
    },
    report: Report,
    signal: AbortSignal,
  ): Promise<readonly Remark[]>;
}

/**
 * Runs the fleet's checks before a resource is registered, and before anything is evaluated.
 * @throws {pulumi.RunError} with the report of the errors; nothing is registered then.
 */
export async function checkFleet(fleet: Fleet, signal: AbortSignal): Promise<FleetChecks> {
  const { context, suppressions } = await fleetContext(fleet, new Map(), signal);
  const remarks = checkedRemarks(context, suppressions);
  return {
    remarks,
    async withConfigurations(stack, owned, { connections, systems }, report, deadline) {
      const { configurations, failures } = await readOwnedFacts(fleet, stack, owned, systems, report, deadline);
      for (const [machine, { facts }] of failures) {
        const message = `the checks could not look into its configuration: ${facts.found} (${facts.at})`;
        report({ level: "warning", subject: machine, phase: "check", message });
      }
      if (configurations.size === 0) return remarks;
      const hosts = await hostsInPreview(stack, connections, configurations, deadline);
      const model = asDeployed(context.model, owned, connections);
      return checkedRemarks({ ...context, model, configurations, hosts }, suppressions);
    },
  };
}

/** In an update each transaction compares for itself; that a host does not answer is told on its machine's line. */
async function hostsInPreview(
  stack: Stack,
  connections: ReadonlyMap<string, HostConnection>,
  configurations: ReadonlyMap<string, MachineFacts>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, HostNature>> {
  if (!pulumi.runtime.isDryRun()) return new Map();
  const { sudoPassword } = stack.config;
  const password = sudoPassword === undefined ? undefined : new SecretText(sudoPassword);
  return readHostNatures(connections, configurations, stack, password, () => undefined, signal);
}

/** Machines with the target hosts by which this stack reaches them: whether it is locked out is asked of those. */
function asDeployed(
  model: FleetModel,
  owned: readonly OwnedMachine[],
  connections: ReadonlyMap<string, HostConnection>,
): FleetModel {
  const machines = owned.map(({ machine, spec }) => {
    const targetHost = connections.get(machine)?.targetHost ?? spec.targetHost;
    return [machine, { ...spec, targetHost }] as const;
  });
  return { ...model, machines: { ...model.machines, ...Object.fromEntries(machines) } };
}

function checkedRemarks(context: CheckContext, suppressions: readonly Suppression[]): readonly Remark[] {
  const findings = runChecks(context, suppressions, rulesBesideEvaluation);
  const errors = failing(findings);
  if (errors.length > 0) throw new pulumi.RunError(refusal(errors));
  return findings
    .filter(({ severity, suppressed }) => severity === "warning" && suppressed === null)
    .map((finding) => ({ subject: finding.subject, text: remarkText(finding) }));
}

function refusal(findings: readonly Finding[]): string {
  const { errors } = countFindings(findings);
  const what =
    errors === 1 ? "the fleet is not what was written" : `the fleet is not what was written, in ${errors} places`;
  return [`${what}; \`fleet check\` shows everything\n`, ...renderGroups(findings)].join("\n").trimEnd();
}

/** Pulumi says that it is a warning, and of which resource. */
function remarkText({ rule, message, at, suggestion }: Finding): string {
  const place = at === null ? [] : [`  at:  ${formatLocation(at)}`];
  const fix = suggestion === null ? [] : [`  fix: ${suggestion}`];
  return [`${rule}: ${message}`, ...place, ...fix].join("\n");
}
