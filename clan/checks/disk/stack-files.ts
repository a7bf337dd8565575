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
  /** Folder of its own builder of systems: it deploys look-alikes to other hosts. */
  readonly systemBuilder?: string;
}

const key = "pulumi-clan:machines";
const fileSchema = z.looseObject({
  config: z.looseObject({
    [key]: z.array(z.string()).optional(),
    "pulumi-clan:systemBuilder": z.string().optional(),
  }),
});

/**
 * The stacks that lie beside a fleet. Files that cannot be read are left out: the stack's own run says so.
 */
export async function readStackFiles(root: string): Promise<readonly StackFile[]> {
  const names = (await entriesOf(root)).map(({ name }) => name).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
  const read = names.map(async (file) => stackOf(file, (await textOf(join(root, file))) ?? ""));
  return (await Promise.all(read)).flat();
}

function stackOf(file: string, text: string): StackFile[] {
  const parsed = fileSchema.safeParse(yaml(text)).data;
  if (parsed === undefined) return [];
  const { [key]: machines, "pulumi-clan:systemBuilder": systemBuilder } = parsed.config;
  const line = text.split("\n").findIndex((one) => one.includes(key)) + 1;
  return [
    {
      file,
      ...(machines === undefined ? {} : { machines }),
      ...(line === 0 ? {} : { line }),
      ...(systemBuilder === undefined ? {} : { systemBuilder }),
    },
  ];
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
