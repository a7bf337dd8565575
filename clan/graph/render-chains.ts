import type { GraphEdge, GraphNode } from "./fleet-graph.ts";
import { nodeOf } from "./fleet-graph.ts";
import type { Chain } from "./follow.ts";
import { nodesOfChain } from "./follow.ts";

/** What a machine gets a thing by. */
export interface WhyAnswer {
  readonly machine: string;
  readonly target: GraphNode;
  /** Empty: it does not get it. */
  readonly chains: readonly Chain[];
  /** Machines that get it. */
  readonly machines: readonly string[];
}

/** Which machines a change of something reaches. */
export interface ImpactAnswer {
  readonly target: GraphNode;
  readonly machines: ReadonlyMap<string, Chain>;
  /** How many machines there are. */
  readonly total: number;
}

/** Ways shown for people; JSON has all. */
const mostWays = 8;

/** One line for each step of each way. */
export function renderWhy({ machine, target, chains, machines }: WhyAnswer): string {
  if (chains.length === 0) {
    const others =
      machines.length === 0 ? "no machine gets it" : `${machines.join(" ")} ${machines.length === 1 ? "does" : "do"}`;
    return `${machine} does not get ${describe(target)}: ${others}`;
  }
  const ways = chains.slice(0, mostWays).map((chain) => chain.map((edge) => `  ${step(edge)}`).join("\n"));
  const more = chains.length > mostWays ? [`… and ${chains.length - mostWays} more ways (--json has all)`] : [];
  const count = chains.length === 1 ? "one way" : `${chains.length} ways`;
  return [`${machine} gets ${describe(target)}, ${count}:`, ways.join("\n\n"), ...more].join("\n");
}

/** One line for each machine, with the shortest way. */
export function renderImpact({ target, machines, total }: ImpactAnswer): string {
  if (machines.size === 0) return `no machine gets ${describe(target)}, by imports`;
  const count = machines.size === total ? `all ${total} machines` : `${machines.size} of ${total} machines`;
  const width = Math.max(...[...machines.keys()].map((name) => name.length));
  const lines = [...machines].map(([name, chain]) => {
    // Machine and target go without saying.
    const way = nodesOfChain(chain).slice(1, -1).map(describe).join(" → ");
    return `  ${name.padEnd(width)}  ${way}`.trimEnd();
  });
  return [`${describe(target)} reaches ${count}, by imports:`, ...lines].join("\n");
}

/** The answer as data, `chains` as lists of steps. */
export function whyDocument({ machine, target, chains, machines }: WhyAnswer): object {
  return { machine, target: plain(target), chains: chains.map(chainDocument), machines };
}

/** The answer as data; `by` says how it was found out. */
export function impactDocument({ target, machines }: ImpactAnswer): object {
  return {
    target: plain(target),
    by: "imports",
    machines: Object.fromEntries([...machines].map(([name, chain]) => [name, { chain: chainDocument(chain) }])),
  };
}

function chainDocument(chain: Chain): object[] {
  return chain.map(({ from, to, kind, user }) => ({
    from: plain(nodeOf(from)),
    does: kind,
    ...(user === undefined ? {} : { user }),
    to: plain(nodeOf(to)),
  }));
}

function plain({ kind, name }: GraphNode): object {
  return { kind, name };
}

function step({ from, to, kind, user }: GraphEdge): string {
  const verb = user === undefined ? verbs[kind] : `gives ${user} the home`;
  return `${describe(nodeOf(from))} ${verb} ${describe(nodeOf(to))}`;
}

const verbs: Readonly<Record<GraphEdge["kind"], string>> = {
  carries: "carries",
  "has role": "has",
  "part of": "is of",
  runs: "runs",
  imports: "imports",
  home: "has a home of",
  applies: "applies",
  changes: "changes",
  "stated in": "is stated in",
  "member of": "is of",
};

/** Machines, entries and files are known by their names alone. */
function describe({ kind, name }: GraphNode): string {
  return kind === "machine" || kind === "entry" || kind === "file" ? name : `${kind} ${name}`;
}
