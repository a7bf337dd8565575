/** More operations than any module needs: a loop that waits for an unknown value to end would never stop. */
const mostOperations = 100_000;

const unknowns = new WeakSet<object>();

/** True for stand-ins made by {@link unknownValue}. */
export function isUnknown(value: unknown): boolean {
  return typeof value === "function" && unknowns.has(value);
}

/**
 * A stand-in for a value that is not known yet. It absorbs whatever a function does with it, so that the function ends
 * and shows which options it declares and defines; the function is run again when the value is known.
 */
export function unknownValue(): unknown {
  let operations = 0;
  const count = (): void => {
    operations++;
    if (operations > mostOperations) throw new Error("a value that is not known yet was used without end");
  };
  const target = () => undefined;
  const unknown: object = new Proxy(target, {
    get: (_target, key) => {
      count();
      if (key === Symbol.toPrimitive) return (hint: string) => (hint === "number" ? Number.NaN : "\0unknown");
      if (key === Symbol.iterator) return () => [][Symbol.iterator]();
      return typeof key === "symbol" || key === "then" ? undefined : unknown;
    },
    apply: () => {
      count();
      return unknown;
    },
    has: () => false,
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
    set: () => true,
  });
  unknowns.add(unknown);
  return unknown;
}
