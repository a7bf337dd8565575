import { type Outcome, type OutcomeKind, renderOutcome } from "../deploy/outcome.ts";
import { FleetError } from "../errors.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import { storedOutputs } from "./stored-closure.ts";
import type { ClosureOutputs } from "./system-closure-schema.ts";

/** Outcomes of a host to which nothing was done. */
const untouched: readonly OutcomeKind[] = ["refused", "unreachable", "skipped"];

/**
 * A deployment that did not end as declared. Where the host was touched, `id` and `properties` make Pulumi keep the
 * resource with the host's true state and try again at the next `up`; otherwise the state stays what it was.
 * `properties` hold `__provider` as every input does: without it a later read or delete fails.
 * Source: @pulumi/pulumi 3.270, cmd/dynamic-provider/index.js, grpcResponseFromError.
 */
export class HostAfterError extends FleetError {
  readonly code = "FLEET_NOT_AS_DECLARED";
  readonly id?: string;
  readonly properties?: ClosureOutputs;
  readonly reasons: readonly string[];

  constructor(outcome: Outcome, properties: ClosureOutputs) {
    super({
      summary: renderOutcome(outcome),
      expected: renderExpected(properties),
      found: renderFound(outcome),
      at: properties.targetHost,
      fix: adviceFor(outcome),
    });
    this.reasons = [this.message];
    if (untouched.includes(outcome.kind)) return;
    this.id = properties.machine;
    this.properties = storedOutputs(properties);
  }
}

/** What the policy asked for: not every mode wants a system for now and for later. */
function renderExpected({ machine, toplevel, policy }: ClosureOutputs): string {
  const { mode, specialisation } = policy;
  const system = renderStorePath(toplevel);
  const running = specialisation === null ? system : `specialisation ${specialisation} of ${system}`;
  switch (mode) {
    case "switch":
      return `${machine} runs ${running}, now and after a reboot`;
    case "boot":
      return `${machine} boots ${system} next`;
    case "test":
      return `${machine} runs ${running} until a reboot`;
    case "dry":
      return `${machine} says what ${running} would change`;
  }
}

function renderFound({ facts, kind, reason }: Outcome): string {
  const short = (path: StorePath | null): string => (path === null ? "unknown" : renderStorePath(path));
  const state = untouched.includes(kind)
    ? (reason ?? kind)
    : `runs ${short(facts.current)}, profile ${short(facts.profile)}${facts.committed ? "" : ", not committed"}`;
  const units = facts.newlyFailed.flatMap(({ unit, journal }) => [
    `${unit} failed:`,
    ...journal.map((line) => `  ${line}`),
  ]);
  return [state, ...units].join("\n");
}

/** What to do about an outcome that is not as declared, in a sentence. */
export function adviceFor({ kind, machine, facts }: Outcome): string {
  const unit = facts.newlyFailed[0]?.unit;
  switch (kind) {
    case "unreachable":
      return `bring ${machine} up, or leave it out of this run with --exclude; the next \`pulumi up\` tries again`;
    case "refused":
      return "remove what the reason names; nothing was changed on the host";
    case "skipped":
      return "run `pulumi up` when the host is meant to be deployed again";
    case "superseded":
      return "somebody else deployed meanwhile: run `pulumi refresh`, look, then `pulumi up`";
    case "rolled-back":
      return `${correct(unit)}, then \`pulumi up\`; until then the previous system runs`;
    case "rollback-failed":
      return `look at the host (fleet ssh ${machine}); a reboot brings the previous system, which is still the next boot's`;
    case "commit-failed":
      return `${correct(undefined)}, then \`pulumi up\`; a reboot before that brings the previous system back`;
    case "interrupted":
      return "`pulumi up` goes on where the host stands; nothing is done twice";
    case "staged-for-reboot":
      return `reboot ${machine} when it suits: the next boot starts the declared system (\`rebootPolicy: if-needed\` has an \`up\` do it)`;
    case "unchanged":
    case "switched":
    case "switched-with-failed-units":
      return `${correct(unit)}, then \`pulumi up\` goes on where this one ended${facts.committed ? "" : "; a reboot brings the previous system back"}`;
  }
}

function correct(unit: string | undefined): string {
  return unit === undefined ? "correct what the reason names" : `correct the unit (on the host: journalctl -u ${unit})`;
}
