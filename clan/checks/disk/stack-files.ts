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
  /** Files of the operator's alone, and folders of them, that it names. */
  readonly privateFiles?: readonly NamedFile[];
}

/** A file or folder as a stack names it. */
export interface NamedFile {
  /** Below `pulumi-clan:`, e.g. `hosts.galena.install.files`. */
  readonly key: string;
  /** Relative to the project, absolute, or below `~/`. */
  readonly path: string;
  readonly line?: number;
}

const key = "pulumi-clan:machines";
const path = z.string().optional().catch(undefined);
const hostSchema = z.looseObject({
  identityFile: path,
  install: z
    .looseObject({ files: path, diskKeys: z.record(z.string(), z.string()).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const fileSchema = z.looseObject({
  config: z.looseObject({
    [key]: z.array(z.string()).optional(),
    "pulumi-clan:systemBuilder": z.string().optional(),
    // Only looked into for the paths below: what else is wrong with them, the stack's own run says.
    "pulumi-clan:identityFile": path,
    "pulumi-clan:hosts": z.record(z.string(), hostSchema).optional().catch(undefined),
    "pulumi-clan:jumpHosts": z.record(z.string(), hostSchema).optional().catch(undefined),
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
  const lines = text.split("\n");
  const line = lines.findIndex((one) => one.includes(key)) + 1;
  return [
    {
      file,
      ...(machines === undefined ? {} : { machines }),
      ...(line === 0 ? {} : { line }),
      ...(systemBuilder === undefined ? {} : { systemBuilder }),
      privateFiles: privateFilesOf(parsed.config).map((named) => {
        const at = lines.findIndex((one) => one.includes(named.path)) + 1;
        return at === 0 ? named : { ...named, line: at };
      }),
    },
  ];
}

function privateFilesOf(config: z.output<typeof fileSchema>["config"]): readonly NamedFile[] {
  const named = (
    prefix: string,
    { identityFile, install }: z.output<typeof hostSchema>,
  ): [string, string | undefined][] => [
    [`${prefix}.identityFile`, identityFile],
    [`${prefix}.install.files`, install?.files],
    ...Object.entries(install?.diskKeys ?? {}).map(([target, file]): [string, string] => [
      `${prefix}.install.diskKeys."${target}"`,
      file,
    ]),
  ];
  const all: [string, string | undefined][] = [
    ["identityFile", config["pulumi-clan:identityFile"]],
    ...Object.entries(config["pulumi-clan:hosts"] ?? {}).flatMap(([host, stated]) => named(`hosts.${host}`, stated)),
    ...Object.entries(config["pulumi-clan:jumpHosts"] ?? {}).flatMap(([host, stated]) =>
      named(`jumpHosts.${host}`, stated),
    ),
  ];
  return all.flatMap(([at, file]) =>
    file === undefined || file === "" || file.endsWith(".pub") ? [] : [{ key: at, path: file }],
  );
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
