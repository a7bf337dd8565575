import { join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { FleetErrors } from "../../../errors.ts";
import { type SelectableMachines, selectMachines } from "../../select-machines.ts";
import { StackConfigError } from "../../stack-config.ts";
import { entriesOf, textOf } from "./absent.ts";

/** Which machines a stack's file takes. */
export interface StackFile {
  readonly file: string;
  /** Line of `pulumi-clan:machines`; absent: the file leaves it out and takes all. */
  readonly line?: number;
  /** Names, tags, and either with `!`; absent: all. */
  readonly machines?: readonly string[];
}

const key = "pulumi-clan:machines";
const fileSchema = z.looseObject({
  config: z.looseObject({
    [key]: z.array(z.string()).optional(),
    "pulumi-clan:systemBuilder": z.unknown().optional(),
  }),
});

/**
 * The stacks that lie beside a fleet. Left out: those with a builder of their own, which deploy look-alikes to other hosts;
 * and files that cannot be read, which the stack's own run says.
 */
export async function readStackFiles(root: string): Promise<readonly StackFile[]> {
  const names = (await entriesOf(root)).map(({ name }) => name).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
  const read = names.map(async (file) => stackOf(file, (await textOf(join(root, file))) ?? ""));
  return (await Promise.all(read)).flat();
}

function stackOf(file: string, text: string): StackFile[] {
  const parsed = fileSchema.safeParse(yaml(text)).data;
  if (parsed === undefined || parsed.config["pulumi-clan:systemBuilder"] !== undefined) return [];
  const machines = parsed.config[key];
  const line = text.split("\n").findIndex((one) => one.includes(key)) + 1;
  return [{ file, ...(machines === undefined ? {} : { machines }), ...(line === 0 ? {} : { line }) }];
}

function yaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError) return undefined;
    throw error;
  }
}

/** The machines that a stack's file takes; undefined: it names one that there is not, which its own run says. */
export function machinesOf(stack: StackFile, machines: SelectableMachines): readonly string[] | undefined {
  try {
    return selectMachines(machines, stack.machines, stack.file);
  } catch (error) {
    if (error instanceof StackConfigError || error instanceof FleetErrors) return undefined;
    throw error;
  }
}
