import { z } from "zod";
import { readAnswer } from "./pulumi-cli.ts";

const stacksSchema = z.array(z.looseObject({ name: z.string() }));
/** What `pulumi stack export` prints, as far as it is read. */
export const stateSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z
      .array(
        z.looseObject({
          urn: z.string().startsWith("urn:pulumi:"), // some become arguments of Pulumi's CLI
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

/** Type of components/machine.ts. */
export const machineType = "clan:index:Machine";

/** Source: @pulumi/pulumi 3.270, dynamic/index.js: `pulumi-nodejs:dynamic/<module>:<type>`. */
export const closureType = "pulumi-nodejs:dynamic/clan:SystemClosure";

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
  const answer = await readAnswer(run, ["stack", "ls", "--json"], stacksSchema, signal);
  return answer.map(({ name }) => name);
}

/**
 * Secrets stay encrypted in what is read.
 * @throws {MissingStackError} @throws {PulumiCliError} there is no way to its state.
 */
export async function readStackState(
  root: string,
  stack: string,
  signal: AbortSignal,
  deadlineMs = 60_000,
): Promise<StackState> {
  const run = { root, about: `stack ${stack}`, deadlineMs };
  const { deployment } = await readAnswer(run, ["stack", "export", "--stack", stack], stateSchema, signal);
  const { resources, pending_operations: pending } = deployment;
  return {
    stack,
    // One that a replacement has not deleted yet is not the machine's any more.
    resources: (resources ?? []).filter((one) => one.delete !== true),
    pending: pending?.length ?? 0,
  };
}

/** Machines that a state has: the names of their components. */
export function machinesIn(resources: readonly Pick<StateResource, "urn" | "type">[]): string[] {
  return resources.filter(({ type }) => type === machineType).map(({ urn }) => nameOf(urn));
}

/** Machine → what its `SystemClosure` remembers. */
export function closuresOf({ resources }: StackState): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const closures = resources.filter(({ type }) => type === closureType);
  return new Map(closures.flatMap(({ id, outputs }) => (id === undefined ? [] : [[id, outputs ?? {}] as const])));
}

/** Source: pulumi 3.250, sdk/go/common/resource/urn: `urn:pulumi:<stack>::<project>::<types>::<name>`; a name may hold `::`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
