import { authorCallSite, type CallSite } from "../body/call-site.ts";

/** A definition with instructions for the merge around it. Source: nixpkgs, lib/modules.nix (mkIf, mkMerge, mkOverride, mkOrder). */
export type Property = Conditional | Merged | Overriding | Ordered;

/** `mkIf`: the content counts only where the condition holds. */
export class Conditional {
  readonly kind = "if";
  readonly condition: unknown;
  readonly content: unknown;
  /** Recorded only where the condition cannot be right, for the error at its line. */
  readonly misusedAt: CallSite | undefined;

  constructor(condition: unknown, content: unknown) {
    this.condition = condition;
    this.content = content;
    this.misusedAt = typeof condition === "boolean" ? undefined : authorCallSite();
  }
}

/** `mkMerge`: several definitions in the place of one. */
export class Merged {
  readonly kind = "merge";
  readonly contents: readonly unknown[];

  constructor(contents: readonly unknown[]) {
    this.contents = contents;
  }
}

/** `mkOverride`: of several definitions, only those with the lowest number count. */
export class Overriding {
  readonly kind = "override";
  readonly priority: number;
  readonly content: unknown;

  constructor(priority: number, content: unknown) {
    this.priority = priority;
    this.content = content;
  }
}

/** `mkOrder`: where in a merged list the content stands. */
export class Ordered {
  readonly kind = "order";
  readonly order: number;
  readonly content: unknown;

  constructor(order: number, content: unknown) {
    this.order = order;
    this.content = content;
  }
}

/** Source: nixpkgs, lib/modules.nix: `defaultOverridePriority`, `mkOptionDefault`, `mkDefault`, `mkForce`, `defaultOrderPriority`. */
export const priorities = { option: 1500, default: 1000, plain: 100, force: 50 } as const;
export const orders = { before: 500, plain: 1000, after: 1500 } as const;

export function isProperty(value: unknown): value is Property {
  return (
    value instanceof Conditional || value instanceof Merged || value instanceof Overriding || value instanceof Ordered
  );
}

/** The content counts only where `condition` is true. */
export function mkIf(condition: boolean, content: unknown): Conditional {
  return new Conditional(condition, content);
}

/** Several definitions in the place of one. */
export function mkMerge(contents: readonly unknown[]): Merged {
  return new Merged(contents);
}

/** Of several definitions only those with the lowest priority number count. Plain ones have 100. */
export function mkOverride(priority: number, content: unknown): Overriding {
  return new Overriding(priority, content);
}

/** A value that any plain definition replaces (priority 1000). */
export function mkDefault(content: unknown): Overriding {
  return mkOverride(priorities.default, content);
}

/** A value that replaces any plain definition (priority 50). */
export function mkForce(content: unknown): Overriding {
  return mkOverride(priorities.force, content);
}

/** Where in a merged list the content stands; plain definitions have 1000. */
export function mkOrder(order: number, content: unknown): Ordered {
  return new Ordered(order, content);
}

/** Before the plain definitions of a list (500). */
export function mkBefore(content: unknown): Ordered {
  return mkOrder(orders.before, content);
}

/** After the plain definitions of a list (1500). */
export function mkAfter(content: unknown): Ordered {
  return mkOrder(orders.after, content);
}
