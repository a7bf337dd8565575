import type { MachinePlan, PackageChange } from "../../clan/plan/machine-plan.ts";
import { renderBytes } from "../../clan/plan/render-plan.ts";
import { reasonToRefuse } from "../../deploy/activation/plan-activation.ts";
import type { HostFacts } from "../../deploy/host-facts.ts";
import type { PlanFacts } from "./plan-machine.ts";

/**
 * Services whose data a new major version changes, or does not read: a rollback returns the system, not the data.
 * Source: their own upgrade notes; nixpkgs' manual, chapters of these services.
 */
const stateful = new Set([
  "postgresql",
  "mariadb-server",
  "mysql",
  "mongodb",
  "elasticsearch",
  "opensearch",
  "nextcloud",
  "gitlab",
  "keycloak",
]);

/** What speaks against an update, or should be known before it; empty where none is made. */
export function planWarnings(
  facts: PlanFacts,
  plan: Pick<MachinePlan, "change" | "packages" | "copy" | "units">,
): string[] {
  const { look } = facts;
  if (plan.change !== "update") return [];
  const { mode } = facts.declared.policy;
  return [
    ...(mode === "test" && plan.units?.kind === "at-boot"
      ? [`it is refused: the new system needs a reboot: ${plan.units.why}`]
      : []),
    ...(facts.buildFailure === undefined ? [] : [`it does not build: ${facts.buildFailure.split("\n", 1)[0]}`]),
    ...(look.kind === "seen" ? hostWarnings(look.seen.observation.facts, facts, plan.copy) : []),
    ...(plan.packages?.kind === "known" ? [...plan.packages.up, ...plan.packages.down].flatMap(dataWarning) : []),
  ];
}

function hostWarnings(host: HostFacts, facts: PlanFacts, copy: MachinePlan["copy"]): string[] {
  const { nix } = host.freeKib;
  const needs = copy?.kind === "known" ? copy.bytes : 0;
  const refused = refusal(host, facts);
  return [
    ...(refused === undefined ? [] : [`it is refused: ${refused}`]),
    ...(nix !== null && nix * 1024 < needs
      ? [`/nix has ${renderBytes(nix * 1024)} free, and ${renderBytes(needs)} are copied`]
      : []),
    ...(host.failedUnits.length === 0 ? [] : [`failed already: ${host.failedUnits.slice(0, 5).join(", ")}`]),
  ];
}

/** As the deployment itself decides it, before it touches anything. */
function refusal(host: HostFacts, { class: ofClass, machine, system, declared, known }: PlanFacts): string | undefined {
  const { policy } = declared;
  const { takeOver, mode, specialisation = null } = policy;
  const deployment = known.kind === "known" ? known.deployment : undefined;
  const former = [...(deployment?.formerOwners ?? []), ...(deployment?.owner === undefined ? [] : [deployment.owner])];
  const owner = { ...declared.owner, machine };
  const formerOwners = former.map((one) => ({ ...one, machine }));
  return reasonToRefuse(host, { class: ofClass, system, specialisation, owner, formerOwners, takeOver, mode });
}

function dataWarning({ name, before, after }: PackageChange): string[] {
  const major = (versions: readonly string[]): string => /^\d+/.exec(versions.at(-1) ?? "")?.[0] ?? "";
  if (!stateful.has(name) || before.length === 0 || after.length === 0 || major(before) === major(after)) return [];
  return [
    `${name} ${before.join(", ")} → ${after.join(", ")}: its data may need a migration, which no rollback undoes`,
  ];
}
