import type { CheckContext } from "../context.ts";
import { type FlakeLock, type LockedInput, ownInputs } from "../disk/flake-lock.ts";
import type { Report, Rule } from "../rule.ts";

const oldDays = 180;

/** Inputs that are not what they seem: unlocked, doubled, of releases that do not fit, old. */
export const inputHygiene: Rule = {
  id: "FC051",
  title: "inputs that are unlocked, doubled, mismatched or old",
  severities: ["warning", "info"],
  text: {
    finds:
      "Warning: an input that flake.lock lacks or does not pin, nixpkgs and another input on different releases. Info: several nixpkgs, an input from the registry, a nixpkgs older than half a year.",
    silent:
      "Each input is fine by itself; the mixture shows as odd evaluation errors, doubled closures and missed security updates.",
    fix: "`fleet lock`, or `nix flake update <input>`; `follows` for doubled inputs.",
    example: "`nixpkgs` on `nixos-25.05` and `home-manager` on `release-24.11`",
  },
  *check(context) {
    const { lock } = context.tree ?? { lock: null };
    yield* mismatched(context);
    if (lock === null) return;
    yield* unlocked(context, lock);
    yield* doubled(lock);
    for (const [name, node] of ownInputs(lock)) yield* judge(name, node, context.now);
  },
};

const file = "flake.lock";

function report(
  severity: Report["severity"],
  name: string,
  message: string,
  suggestion: string,
  at: Report["at"] = { file },
): Report {
  return { severity, subject: { kind: "input", name }, message, at, suggestion };
}

function* unlocked({ inputs }: CheckContext, lock: FlakeLock): Iterable<Report> {
  const locked = Object.keys(lock.nodes[lock.root]?.inputs ?? {});
  for (const name of inputs.keys()) {
    if (!locked.includes(name))
      yield report("warning", name, `flake.lock lacks input ${name}: Nix refuses to evaluate`, "fleet lock");
  }
}

function* doubled({ nodes, root }: FlakeLock): Iterable<Report> {
  const copies = Object.entries(nodes).filter(
    ([name, { locked }]) =>
      name !== root && locked?.repo?.toLowerCase() === "nixpkgs" && locked.owner?.toLowerCase() === "nixos",
  );
  const distinct = new Set(copies.map(([, { locked }]) => locked?.narHash));
  if (distinct.size < 2) return;
  const users = Object.entries(nodes).flatMap(([name, { inputs }]) =>
    name !== root && Object.values(inputs).some((target) => copies.some(([copy]) => copy === target)) ? [name] : [],
  );
  yield report(
    "info",
    "nixpkgs",
    `flake.lock holds ${distinct.size} nixpkgs; ${users.length === 0 ? "the flake" : users.join(", ")} brings one of its own`,
    'let it follow: inputs.<input>.inputs.nixpkgs.follows = "nixpkgs"',
  );
}

function* judge(name: string, { locked, original }: LockedInput, now: Date): Iterable<Report> {
  if (locked !== undefined && locked.type !== "path" && locked.narHash === undefined) {
    yield report(
      "warning",
      name,
      `input ${name} is in flake.lock without a hash: it may differ tomorrow`,
      `nix flake update ${name}`,
    );
  }
  if (original?.type === "indirect") {
    yield report("info", name, `input ${name} comes from the registry of whoever updates it`, "state its URL");
  }
  const days =
    locked?.lastModified === undefined ? 0 : Math.floor((now.getTime() / 1000 - locked.lastModified) / 86_400);
  if (name === "nixpkgs" && days > oldDays) {
    yield report("info", name, `nixpkgs is ${days} days old`, "nix flake update nixpkgs");
  }
}

/** Releases of nixpkgs and of what must fit it. Source: branch names of nixpkgs, home-manager, nix-darwin. */
function* mismatched({ inputs, tree, at }: CheckContext): Iterable<Report> {
  const lock = tree?.lock ?? null;
  const locked = new Map(
    lock === null ? [] : [...ownInputs(lock)].map(([name, { original }]) => [name, original?.ref]),
  );
  const release = (name: string, pattern: RegExp): string | undefined =>
    (pattern.exec(inputs.get(name)?.url ?? "") ?? pattern.exec(locked.get(name) ?? ""))?.[1];
  const base = release("nixpkgs", /\b(?:nixos|nixpkgs)-(\d\d\.\d\d)/);
  if (base === undefined) return;
  for (const name of ["home-manager", "nix-darwin", "darwin"]) {
    const other = release(name, /\b(?:release|nix-darwin)-(\d\d\.\d\d)/);
    if (other === undefined || other === base) continue;
    yield report(
      "warning",
      name,
      `nixpkgs is of release ${base}, ${name} of ${other}`,
      `take the branch of ${base}`,
      at(["inputs", name, "url"]) ?? { file: "flake.nix" },
    );
  }
}
