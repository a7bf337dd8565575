import { type DeclaredRun, renderDeclared, renderRun, runs } from "../../deploy/boot/specialisation.ts";
import { renderSwitch } from "../../deploy/observation/drift.ts";
import { renderWay } from "../../deploy/observation/look.ts";
import type { MachineLook } from "./plan-machine.ts";

/** What a look at a host gave, in one line. */
export function renderLook(look: MachineLook, declared: DeclaredRun): string {
  if (look.kind === "off" || look.kind === "not-asked") return look.reason;
  if (look.kind === "failed") return `could not be asked: ${look.error.message}`;
  if (look.kind === "unreachable") return `unreachable: ${look.reason}`;
  if (look.kind !== "seen") return `not reachable: ${look.error.message}`;
  const { facts, lastSwitch } = look.seen.observation;
  const reached = `reachable${renderWay(look.way)}`;
  const wanted = renderDeclared(declared);
  if (runs(facts, declared)) {
    const isCommitted = facts.profile === declared.toplevel;
    return `${reached}, runs ${wanted}, ${isCommitted ? `generation ${facts.generation}` : "not committed: a reboot would undo it"}`;
  }
  // Our own deployments are no news here; whoever else deploys to it is.
  const other = lastSwitch === undefined || lastSwitch.tool === "pulumi-clan" ? "" : ` (${renderSwitch(lastSwitch)})`;
  return `${reached}, ${renderRun(facts) ?? "no system"}${other} → ${wanted}`;
}
