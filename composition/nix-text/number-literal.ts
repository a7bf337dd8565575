import { UnprintableError } from "./errors.ts";

const integerBound = 2n ** 63n;
/** Nix reads floats with strtod and refuses what that reports as out of range, denormals among it. */
const smallestNormal = 2.2250738585072014e-308;

/**
 * A number; whole ones within 64 bits are Nix integers.
 * Source: Nix 2.26, src/libexpr/lexer.l (`INT`, `FLOAT`): no sign, and a float has a point before its exponent.
 * @throws {UnprintableError} NaN, infinities, denormals, and integers that need more than 64 bits.
 */
export function printNumber(value: number | bigint): string {
  if (typeof value === "bigint") return printInteger(value);
  if (!Number.isFinite(value)) throw new UnprintableError(String(value), "a finite number");
  if (Number.isInteger(value) && Math.abs(value) < Number(integerBound)) return printInteger(BigInt(value));
  if (Math.abs(value) < smallestNormal) throw new UnprintableError(String(value), "a number that Nix can read");
  return printFloat(value);
}

function printInteger(value: bigint): string {
  if (value >= integerBound || value < -integerBound) {
    throw new UnprintableError(`${value}`, "an integer of at most 64 bits, or a string");
  }
  // The literal is read without its sign, and 2^63 is one too many for it.
  return value === -integerBound ? "-9223372036854775807 - 1" : `${value}`;
}

function printFloat(value: number): string {
  const [mantissa = "", exponent] = String(value).split("e");
  const pointed = mantissa.includes(".") ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? pointed : `${pointed}e${exponent.replace("+", "")}`;
}
