import { z } from "zod";
import { PulumiCliError, runPulumi } from "./pulumi-cli.ts";

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
          outputs: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .nullish(),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

/** One resource of a stack's state. Source: pulumi 3.250, sdk/go/common/apitype/core.go, `ResourceV3`. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  /** What the provider calls it; components have none. */
  readonly id?: string | undefined;
  readonly parent?: string | undefined;
  /** Secrets in it are encrypted. */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
}

/** A stack's state, as far as it is looked at. */
export interface StackState {
  readonly stack: string;
  readonly resources: readonly StateResource[];
  /** Steps that an update began and did not end. */
  readonly pending: number;
}

/** The project's stacks that the backend has. @throws {PulumiCliError} */
export async function readStackNames(root: string, signal: AbortSignal): Promise<string[]> {
  const run = { root, about: "the project's stacks", deadlineMs: 60_000 };
  const answer = parseAnswer(stacksSchema, await runPulumi(run, ["stack", "ls", "--json"], signal), root);
  return answer.map(({ name }) => name);
}

/** Secrets stay encrypted in what is read. @throws {PulumiCliError} no such stack, or no way to its state. */
export async function readStackState(
  root: string,
  stack: string,
  signal: AbortSignal,
  deadlineMs = 60_000,
): Promise<StackState> {
  const run = { root, about: `stack ${stack}`, deadlineMs };
  const text = await runPulumi(run, ["stack", "export", "--stack", stack], signal);
  const { resources, pending_operations: pending } = parseAnswer(exportSchema, text, root).deployment;
  return {
    stack,
    // One that a replacement has not deleted yet is not the machine's any more.
    resources: (resources ?? []).filter((one) => one.delete !== true),
    pending: pending?.length ?? 0,
  };
}

/** Machine → what its `SystemClosure` remembers. */
export function closuresOf({ resources }: StackState): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const closures = resources.filter(({ type }) => type === "pulumi-nodejs:dynamic/clan:SystemClosure");
  return new Map(closures.flatMap(({ id, outputs }) => (id === undefined ? [] : [[id, outputs ?? {}] as const])));
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
