import { InvalidArgumentError } from "commander";

/**
 * What is wrong with a host, from the deployment on:
 * - `silent`: takes connections and never says a word;
 * - `drops`: every push ends with its connection, when half of what was missing has arrived;
 * - `refuses`: the new system's own check before the switch fails, and nothing is changed;
 * - `unhealthy`: the new system runs, and every health gate that asks for a command sees it fail.
 */
export const faults = ["silent", "drops", "refuses", "unhealthy"] as const;
export type Fault = (typeof faults)[number];

/** `5%` or `0.05`. @throws {InvalidArgumentError} */
export function parseShare(text: string): number {
  const value = text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("expected a share, 5% or 0.05");
  return value;
}

/**
 * So many of the hosts have a fault, spread over them and over the kinds, always the same for the same seed.
 * @param share - 0 to 1; of what is not whole, the next whole number below.
 */
export function chooseFaults(
  names: readonly string[],
  share: number,
  kinds: readonly Fault[],
  seed: number,
): ReadonlyMap<string, Fault> {
  const random = generator(seed);
  const drawn = names.map((name) => ({ name, lot: random() })).sort((a, b) => a.lot - b.lot);
  const count = Math.floor(names.length * share + 1e-9);
  return new Map(
    drawn.slice(0, count).flatMap(({ name }, index) => {
      const kind = kinds[index % kinds.length];
      return kind === undefined ? [] : [[name, kind] as const];
    }),
  );
}

/** Numbers from 0 to 1. Source: "mulberry32", T. Ettinger, public domain. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
