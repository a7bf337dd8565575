import { hasMachine, type Move, planMove } from "./plan-move.ts";
import { runPulumi } from "./pulumi-cli.ts";
import { readStackNames, readStackState } from "./stack-state.ts";

const writeMs = 300_000;

/** Where a machine is to go. */
export interface MoveRequest {
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly machine: string;
  /** Stack whose state shall have it. */
  readonly to: string;
  /** Stack whose state has it. Default: whichever other one does. */
  readonly from?: string | undefined;
}

/** A move that is decided, with the stack that it starts from; null: the machine is where it should be. */
export interface PlannedMove {
  readonly from: string | null;
  readonly move: Move;
}

/** Reads the states and decides. Changes nothing. @throws {MoveError} @throws {PulumiCliError} */
export async function readMove({ root, machine, to, from }: MoveRequest, signal: AbortSignal): Promise<PlannedMove> {
  const destination = await readStackState(root, to, signal);
  const candidates = from === undefined ? (await readStackNames(root, signal)).filter((name) => name !== to) : [from];
  for (const stack of candidates) {
    const source = await readStackState(root, stack, signal);
    if (hasMachine(machine, source)) return { from: stack, move: planMove(machine, source, destination) };
  }
  return { from: null, move: planMove(machine, undefined, destination) };
}

/**
 * Moves the resources between the states; no host and no cloud is contacted. Pulumi saves the destination first, so that no
 * resource is ever in neither state; stopped at any point, the next call ends it.
 * Source: pulumi 3.250, pkg/cmd/pulumi/state/state_move.go.
 * @throws {PulumiCliError}
 */
export async function moveMachine(
  { root, machine, to }: MoveRequest,
  { from, move }: PlannedMove,
  signal: AbortSignal,
): Promise<void> {
  if (from === null || move.kind === "done") return;
  const run = { root, about: `${machine}, from ${from} to ${to}`, deadlineMs: writeMs };
  if (move.kind === "move") {
    await runPulumi(run, moveArgs(move.urn, from, to), signal);
    return;
  }
  // `--force`: what is protected against deletion is taken out of this state only, the other has it.
  for (const urn of move.resources) await runPulumi(run, deleteArgs(urn, from), signal);
}

/** A resource and those below it go from one state into another. */
export function moveArgs(urn: string, from: string, to: string): readonly string[] {
  return ["state", "move", urn, "--source", from, "--dest", to, "--yes"];
}

/** A resource is forgotten by one state. */
export function deleteArgs(urn: string, stack: string): readonly string[] {
  return ["state", "delete", urn, "--stack", stack, "--yes", "--force"];
}
