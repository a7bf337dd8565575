import { z } from "zod";
import { hasMachine, type Move, planMove, type StackState } from "./plan-move.ts";
import { PulumiCliError, runPulumi } from "./pulumi-cli.ts";

const readMs = 60_000;
const writeMs = 300_000;

const stacksSchema = z.array(z.looseObject({ name: z.string() }));
const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z
      .array(
        z.looseObject({
          urn: z.string(),
          type: z.string(),
          id: z.string().optional(),
          parent: z.string().optional(),
          delete: z.boolean().optional(),
        }),
      )
      .nullish(),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

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
  const destination = await readState(root, to, signal);
  const candidates = from === undefined ? await otherStacks(root, to, signal) : [from];
  for (const stack of candidates) {
    const source = await readState(root, stack, signal);
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
    await runPulumi(run, ["state", "move", move.urn, "--source", from, "--dest", to, "--yes"], signal);
    return;
  }
  // `--force`: what is protected against deletion is taken out of this state only, the other has it.
  for (const urn of move.resources)
    await runPulumi(run, ["state", "delete", urn, "--stack", from, "--yes", "--force"], signal);
}

async function otherStacks(root: string, to: string, signal: AbortSignal): Promise<string[]> {
  const run = { root, about: "the project's stacks", deadlineMs: readMs };
  const answer = parseAnswer(stacksSchema, await runPulumi(run, ["stack", "ls", "--json"], signal), root);
  return answer.map(({ name }) => name).filter((name) => name !== to);
}

/** Secrets stay encrypted in what is read. */
async function readState(root: string, stack: string, signal: AbortSignal): Promise<StackState> {
  const run = { root, about: `stack ${stack}`, deadlineMs: readMs };
  const text = await runPulumi(run, ["stack", "export", "--stack", stack], signal);
  const { resources, pending_operations: pending } = parseAnswer(exportSchema, text, root).deployment;
  return {
    stack,
    // One that a replacement has not deleted yet is not the machine's any more.
    resources: (resources ?? []).filter((one) => one.delete !== true),
    pending: pending?.length ?? 0,
  };
}

function parseAnswer<T extends z.ZodType>(schema: T, text: string, root: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PulumiCliError(
      {
        summary: "Pulumi's CLI gave an answer of another form",
        expected: "what Pulumi 3.250 prints",
        found: cause instanceof z.ZodError ? z.prettifyError(cause) : "no JSON",
        at: root,
        fix: "use a version of Pulumi that this project was tested with",
      },
      { cause },
    );
  }
}
