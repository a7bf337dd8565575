import { OptionCycleError } from "../errors.ts";
import { isProperty } from "../lib/property.ts";
import { formatPath } from "../option-path.ts";
import { formatLocation } from "../source-location.ts";
import { isAttributeSet } from "./definition.ts";
import type { ModuleNode } from "./module-graph.ts";
import type { ModuleOutput } from "./module-output.ts";

/** True where another module said something new, in the same round or later, about an option that `node` read. */
export function staleReads(node: ModuleNode, all: readonly ModuleNode[]): boolean {
  if (node.reads.length === 0) return false;
  return all.some((other) => other !== node && other.changedInRound >= node.ranInRound && definesAnyRead(other, node));
}

/** The option that a module both reads, to know what it says, and defines. */
export function readsItsOwnDefinition(node: ModuleNode): readonly string[] | undefined {
  return node.reads.find((path) => defines(node.output, path));
}

function definesAnyRead(other: ModuleNode, node: ModuleNode): boolean {
  return readDefinedBy(other, node) !== undefined;
}

function readDefinedBy(other: ModuleNode, node: ModuleNode): readonly string[] | undefined {
  return node.reads.find((path) => defines(other.output, path) || defines(other.before, path));
}

function defines(output: ModuleOutput | undefined, path: readonly string[]): boolean {
  return output !== undefined && valueDefines(output.config.value, path);
}

/** Looks through properties, whatever their conditions; a getter counts as defining everything below it. */
function valueDefines(value: unknown, path: readonly string[]): boolean {
  if (isProperty(value)) {
    return value.kind === "merge"
      ? value.contents.some((content) => valueDefines(content, path))
      : valueDefines(value.content, path);
  }
  const [name, ...rest] = path;
  if (name === undefined) return true;
  if (!isAttributeSet(value)) return true;
  const descriptor = Object.getOwnPropertyDescriptor(value, name);
  if (descriptor === undefined) return false;
  return descriptor.get !== undefined || valueDefines(descriptor.value, rest);
}

/** The error for modules whose functions wait for each other's definitions. */
export function cycleAmong(nodes: readonly ModuleNode[], prefix: readonly string[]): OptionCycleError {
  const steps = findCycle(nodes);
  const first = steps[0]?.path ?? [];
  const shown = [...steps, ...steps.slice(0, 1)].map(({ path }) => formatPath([...prefix, ...path]));
  const places = steps.map(({ node }) => formatLocation({ file: node.input.source.file }));
  return new OptionCycleError({
    summary: `${formatPath([...prefix, ...first])}: the value depends on itself`,
    expected: "a value that can be computed without asking for itself",
    found: shown.join(" → "),
    at: [...new Set(places)].join("\n"),
    fix: "read something else, or make the definition lazy with a getter: { get name() { return … } }",
  });
}

interface Step {
  readonly node: ModuleNode;
  /** The option that the node reads and the next node defines. */
  readonly path: readonly string[];
}

function findCycle(nodes: readonly ModuleNode[]): readonly Step[] {
  const walked: Step[] = [];
  let current = nodes[0];
  while (current !== undefined) {
    const node: ModuleNode = current;
    const start = walked.findIndex((step) => step.node === node);
    if (start >= 0) return walked.slice(start);
    const next = nodes.find((other) => readDefinedBy(other, node) !== undefined);
    const path = next === undefined ? undefined : readDefinedBy(next, node);
    if (path === undefined) return walked;
    walked.push({ node, path });
    current = next;
  }
  return walked;
}
