/** An option's or attribute's path as Nix writes it: quoted only where needed. */
export function formatPath(path: readonly string[]): string {
  return path.map((name) => (plainName.test(name) ? name : JSON.stringify(name))).join(".");
}

const plainName = /^(?:[a-zA-Z_][a-zA-Z0-9_'-]*|<[^>]*>|\[[^\]]*\]|\*)$/;

export function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWithPath(a, b);
}

/** True where `path` lies at or below `prefix`. */
export function startsWithPath(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((name, index) => path[index] === name);
}
