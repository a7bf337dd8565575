import { orders, type Property, priorities } from "../lib/property.ts";

/** A function of nixpkgs' lib and its arguments. */
export interface PropertyCall {
  readonly callee: string;
  readonly arguments: readonly unknown[];
}

/** What the flake level's mkIf, mkMerge, mkOverride and mkOrder are in a body: the same functions of nixpkgs' lib. */
export function propertyCall(property: Property): PropertyCall {
  switch (property.kind) {
    case "if":
      return { callee: "lib.mkIf", arguments: [property.condition, property.content] };
    case "merge":
      return { callee: "lib.mkMerge", arguments: [property.contents] };
    case "override":
      return overrideCall(property.priority, property.content);
    case "order":
      return orderCall(property.order, property.content);
  }
}

function overrideCall(priority: number, content: unknown): PropertyCall {
  if (priority === priorities.default) return { callee: "lib.mkDefault", arguments: [content] };
  if (priority === priorities.force) return { callee: "lib.mkForce", arguments: [content] };
  return { callee: "lib.mkOverride", arguments: [priority, content] };
}

function orderCall(order: number, content: unknown): PropertyCall {
  if (order === orders.before) return { callee: "lib.mkBefore", arguments: [content] };
  if (order === orders.after) return { callee: "lib.mkAfter", arguments: [content] };
  return { callee: "lib.mkOrder", arguments: [order, content] };
}
