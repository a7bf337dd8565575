/** What tag resolution needs to know of a machine. */
export interface TaggedMachine {
  readonly class: string;
  readonly tags: readonly string[];
}

/** What a role names. */
export interface RoleAssignment {
  readonly machines: readonly string[];
  readonly tags: readonly string[];
}

/**
 * The tags a machine carries: the stated ones in their order, then `all` and its class, each once.
 * Source: clan-core 26.05, `modules/inventoryClass/inventory.nix` (computed tags).
 */
export function carriedTags(machine: TaggedMachine): string[] {
  return [...new Set([...machine.tags, "all", machine.class])];
}

/**
 * Tag → machines that carry it, both sorted. `all`, `nixos` and `darwin` are there even when nobody carries them.
 * @param stated - `inventory.tags`: machines by tag, beside the tags that machines state themselves.
 */
export function resolveTags(
  machines: ReadonlyMap<string, TaggedMachine>,
  stated: Readonly<Record<string, readonly string[]>> = {},
): Map<string, string[]> {
  const members = new Map<string, Set<string>>([
    ["all", new Set()],
    ["nixos", new Set()],
    ["darwin", new Set()],
  ]);
  const add = (tag: string, machine: string): void => {
    const known = members.get(tag) ?? new Set();
    members.set(tag, known.add(machine));
  };
  for (const [name, machine] of machines) for (const tag of carriedTags(machine)) add(tag, name);
  for (const [tag, names] of Object.entries(stated)) for (const name of names) add(tag, name);
  return new Map([...members].sort(byName).map(([tag, names]) => [tag, [...names].sort()] as const));
}

/**
 * Members of a role: the machines it names and those that carry one of its tags, sorted, each once.
 * Source: clan-core 26.05, `lib/inventory/default.nix`, `resolveTags`.
 */
export function resolveMembers(role: RoleAssignment, tags: ReadonlyMap<string, readonly string[]>): string[] {
  return [...new Set([...role.machines, ...role.tags.flatMap((tag) => tags.get(tag) ?? [])])].sort();
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
