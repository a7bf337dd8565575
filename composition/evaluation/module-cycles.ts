import { FleetError, type FleetErrors } from "../../errors.ts";
import { ModuleFailedError, OptionCycleError, OptionUndefinedError, UnknownOptionError } from "../errors.ts";
import { equalValues } from "../lib/equal-values.ts";
import { isProperty } from "../lib/property.ts";
import { formatPath } from "../option-path.ts";
import { formatLocation } from "../source-location.ts";
import type { Read } from "./config-scope.ts";
import { isAttributeSet } from "./definition.ts";
import type { ModuleNode } from "./module-graph.ts";
import type { ModuleOutput } from "./module-output.ts";

/** A module reads an option that the next step's module defines; the last one's successor is the first. */
export interface Step {
  readonly node: ModuleNode;
  readonly path: readonly string[];
}

/** The first circle of modules that read what the next one defines; undefined: there is none. */
export function findCycle(nodes: readonly ModuleNode[]): readonly Step[] | undefined {
  const readers = nodes.filter(({ reads }) => reads.length > 0);
  const definersOf = rememberDefiners(readers);
  const finished = new Set<ModuleNode>();
  const walked: Step[] = [];
  const visit = (node: ModuleNode): readonly Step[] | undefined => {
    const start = walked.findIndex((step) => step.node === node);
    if (start >= 0) return walked.slice(start);
    if (finished.has(node)) return undefined;
    for (const { path } of node.reads) {
      for (const next of definersOf(path)) {
        walked.push({ node, path });
        const found = visit(next);
        if (found !== undefined) return found;
        walked.pop();
      }
    }
    finished.add(node);
    return undefined;
  };
  for (const node of readers) {
    const found = visit(node);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Many modules read the same few paths: who defines one is looked up once. */
function rememberDefiners(nodes: readonly ModuleNode[]): (path: readonly string[]) => readonly ModuleNode[] {
  const known = new Map<string, readonly ModuleNode[]>();
  return (path) => {
    const key = path.join("\0");
    const found = known.get(key) ?? nodes.filter(({ output }) => defines(output, path));
    known.set(key, found);
    return found;
  };
}

/**
 * Failures to report: of modules that wait for a failed one, only the latter's. Modules that fail because they wait for
 * each other are a cycle.
 */
export function rootFailures(nodes: readonly ModuleNode[], prefix: readonly string[]): readonly FleetError[] {
  const failed = nodes.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return [];
  const cycle = findCycle(failed);
  if (cycle !== undefined) return [cycleError(cycle, prefix)];
  // Nobody knows what a module without any output would have declared or defined.
  const silent = failed.some(({ output }) => output === undefined);
  const roots = failed.filter((node) => !waitsForAnother(node, failed) && !(silent && lacksValue(node)));
  return (roots.length === 0 ? failed : roots).flatMap(({ failure }) => eachError(failure));
}

function waitsForAnother(node: ModuleNode, failed: readonly ModuleNode[]): boolean {
  return failed.some((other) => other !== node && node.reads.some(({ path }) => defines(other.output, path)));
}

function lacksValue({ failure }: ModuleNode): boolean {
  return failure instanceof OptionUndefinedError || failure instanceof UnknownOptionError;
}

/**
 * A circle whose values really depend on each other. Modules that read and define each other's options need not be
 * one: `{ name: "a", shout: config.name.toUpperCase() }` reads what it defines. So all that is read within circles is
 * taken as unknown, and whatever comes out the same without it becomes known, until nothing more does.
 * @param rerun - what a module says while the reads are unknown.
 */
export function provenCycle(
  nodes: readonly ModuleNode[],
  rerun: (node: ModuleNode, unknown: readonly Read[]) => ModuleOutput | undefined,
): readonly Step[] | undefined {
  const cycle = findCycle(nodes);
  if (cycle === undefined) return undefined;
  const readers = nodes.filter(({ reads }) => reads.length > 0);
  const definersOf = rememberDefiners(readers);
  let unknown = uniqueReads(readers.flatMap(({ reads }) => reads)).filter(({ path }) => definersOf(path).length > 0);
  while (unknown.length > 0) {
    const runs = readers.map((node) => ({ before: node.output, after: rerun(node, unknown) }));
    const left = unknown.filter((read) => runs.some(({ before, after }) => !saysTheSame(before, after, read)));
    if (left.length === unknown.length) return cycleThrough(readers, left) ?? cycle;
    unknown = left;
  }
  return undefined;
}

function cycleThrough(readers: readonly ModuleNode[], reads: readonly Read[]): readonly Step[] | undefined {
  const kept = new Set(reads.map(readKey));
  return findCycle(readers.map((node) => ({ ...node, reads: node.reads.filter((read) => kept.has(readKey(read))) })));
}

function uniqueReads(reads: readonly Read[]): readonly Read[] {
  return [...new Map(reads.map((read) => [readKey(read), read])).values()];
}

function readKey({ kind, path }: Read): string {
  return [kind, ...path].join("\0");
}

/** The error for a circle of modules. */
export function cycleError(steps: readonly Step[], prefix: readonly string[]): OptionCycleError {
  const shown = [...steps, ...steps.slice(0, 1)].map(({ path }) => formatPath([...prefix, ...path]));
  const places = steps.map(({ path }, index) => {
    const { source, path: base } = (steps[(index + 1) % steps.length] ?? steps[0])?.node.input ?? noInput;
    const line = source.locate([...base, ...path]);
    return formatLocation(line === undefined ? { file: source.file } : { file: source.file, line });
  });
  return new OptionCycleError({
    summary: `${shown[0] ?? "config"}: the value depends on itself`,
    expected: "a value that can be computed without asking for itself",
    found: shown.join(" → "),
    at: [...new Set(places)].join("\n"),
    fix: "break the circle: let one of these definitions read something else",
  });
}

/** The error for modules that read nothing of each other and still say something else at each run. */
export function unsteadyError(nodes: readonly ModuleNode[]): ModuleFailedError {
  const files = nodes.map(({ input }) => input.source.file);
  return new ModuleFailedError({
    summary: `${files.join(", ")}: what the module reads is something else each time`,
    expected: "modules that say the same whenever they run with the same config",
    found: "values that change from run to run",
    at: files.join("\n"),
    fix: "take the time, random numbers and other moving values out of the modules",
  });
}

const noInput = { source: { file: "(unknown file)", root: "", locate: () => undefined }, path: [] };

function defines(output: ModuleOutput | undefined, path: readonly string[]): boolean {
  return output !== undefined && valuesAt(output.config.value, path).length > 0;
}

function saysTheSame(before: ModuleOutput | undefined, after: ModuleOutput | undefined, read: Read): boolean {
  if (before === undefined || after === undefined) return false;
  return equalValues(said(before, read), said(after, read));
}

function said({ config }: ModuleOutput, { kind, path }: Read): unknown {
  const values = valuesAt(config.value, path);
  if (kind === "value") return values;
  if (kind === "presence") return values.length > 0;
  return values.map((value) => (isAttributeSet(value) ? Object.keys(value) : value));
}

/** A getter is called only when its value is asked for, and is then guarded by the value itself. */
const lazily = "lazily defined";

/** What a module's definitions give at a path, seen through properties whatever their conditions; getters uncalled. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (isProperty(value)) {
    if (value.kind === "merge") return value.contents.flatMap((content) => valuesAt(content, path));
    const inner = valuesAt(value.content, path);
    return inner.length === 0 || value.kind !== "if" ? inner : [value.condition, ...inner];
  }
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  if (!isAttributeSet(value)) return [];
  const descriptor = Object.getOwnPropertyDescriptor(value, name);
  if (descriptor === undefined) return [];
  return descriptor.get === undefined ? valuesAt(descriptor.value, rest) : [lazily];
}

function eachError(failure: FleetError | FleetErrors | undefined): readonly FleetError[] {
  if (failure === undefined) return [];
  return failure instanceof FleetError ? [failure] : failure.errors.filter((error) => error instanceof FleetError);
}
