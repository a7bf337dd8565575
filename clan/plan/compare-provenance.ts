import type { FleetModel } from "../fleet-model.ts";
import type { Reason } from "./machine-plan.ts";
import { atDepth, type Provenance, type StoredProvenance } from "./provenance.ts";

/**
 * What changed of what a machine is made of, since the system was made whose provenance is stored. By imports: each of
 * these did change, and each reaches the machine; which of them the system depends on, only Nix knows.
 * @param namespaces - which files define which entries.
 */
export function compareProvenance(
  { depth, made: before }: StoredProvenance,
  made: Provenance,
  namespaces: FleetModel["namespaces"],
): Reason[] {
  const now = atDepth(made, depth);
  const inputs = changedKeys(before.inputs, now.inputs).map(([name, change]) => inputReason(name, change, before, now));
  const tags = changedNames("tag", before.tags, now.tags);
  const roles = changedNames("role", before.roles, now.roles);
  const entries = changedNames("entry", before.entries, now.entries);
  return [...inputs, ...tags, ...roles, ...instanceReasons(before, now), ...entries, ...fileReasons()];

  function fileReasons(): Reason[] {
    const definers = entriesByFile(namespaces);
    const moved = new Set(entries.map(({ name }) => name));
    return changedKeys(before.files, now.files).flatMap(([file, change]): Reason[] => {
      const defined = definers.get(file) ?? [];
      // Files come and go with their entry; the lock file changes with its inputs.
      if (change !== "changed" && defined.some((entry) => moved.has(entry))) return [];
      if (file === "flake.lock" && inputs.length > 0) return [];
      const what = defined.length === 0 ? "" : ` (${defined.join(", ")})`;
      return [{ kind: "file", name: file, change, text: `${file} ${words[change]}${what}` }];
    });
  }
}

type Change = NonNullable<Reason["change"]>;
const words = { gained: "new", lost: "gone", changed: "changed" } as const satisfies Record<Change, string>;

function inputReason(name: string, change: Change, before: Provenance, now: Provenance): Reason {
  const [from, to] = [before.inputs[name] ?? "none", now.inputs[name] ?? "none"];
  return { kind: "input", name, change, text: `input ${name}: ${from} → ${to}` };
}

function changedNames(kind: "tag" | "role" | "entry", before: readonly string[], now: readonly string[]): Reason[] {
  const [old, present] = [new Set(before), new Set(now)];
  const reasons = (names: readonly string[], change: "gained" | "lost"): Reason[] =>
    names.map((name) => ({ kind, name, change, text: `${kind} ${name} ${change}` }));
  return [
    ...reasons(
      now.filter((name) => !old.has(name)),
      "gained",
    ),
    ...reasons(
      before.filter((name) => !present.has(name)),
      "lost",
    ),
  ];
}

/** A machine that comes to an instance, or leaves it, has that as the reason. */
function instanceReasons(before: Provenance, now: Provenance): Reason[] {
  return changedKeys(before.instances, now.instances).flatMap(([name, change]): Reason[] => {
    if (change !== "changed") return [];
    const [old = "", present = ""] = [before.instances[name], now.instances[name]];
    const settings = old.slice(0, 4) === present.slice(0, 4) ? [] : ["settings"];
    const members = old.slice(4) === present.slice(4) ? [] : ["members"];
    const what = [...settings, ...members].join(" and ");
    return [{ kind: "instance", name, change, text: `instance ${name}: ${what} changed` }];
  });
}

function changedKeys(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): (readonly [string, Change])[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name): (readonly [string, Change])[] => {
    const [old, present] = [Object.hasOwn(before, name), Object.hasOwn(now, name)];
    if (!old || !present) return [[name, old ? "lost" : "gained"]];
    return before[name] === now[name] ? [] : [[name, "changed"]];
  });
}

function entriesByFile(namespaces: FleetModel["namespaces"]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [className, entries] of Object.entries(namespaces))
    for (const [entry, { files }] of Object.entries(entries))
      for (const file of files) found.set(file, [...(found.get(file) ?? []), `${className}/${entry}`]);
  return found;
}
