import fc from "fast-check";
import type { PathInfo } from "../../../../deploy/store/path-info.ts";
import { parseStorePath, type StorePath } from "../../../../local-nix/store-path.ts";

/** A store path for a letter or a number. */
export function path(name: string | number): StorePath {
  const digits = "0123456789abcdfghijklmnpqrsvwxyz";
  const hash =
    typeof name === "string" ? name : [...name.toString(32)].map((d) => digits[Number.parseInt(d, 32)]).join("");
  return parseStorePath(`/nix/store/${hash.padStart(32, "0")}-path-${name}`);
}

export function info(name: string | number, references: readonly (string | number)[], narSize = 120): PathInfo {
  return {
    path: path(name),
    narHash: "0".repeat(64),
    narSize,
    references: references.map(path),
    registrationTime: 1_790_000_000,
    signatures: [],
  };
}

/** Up to 24 paths, each after its references; small and large ones. */
export const graphs: fc.Arbitrary<readonly PathInfo[]> = fc
  .array(fc.record({ references: fc.array(fc.nat(1_000), { maxLength: 5 }), large: fc.boolean() }), { maxLength: 24 })
  .map((nodes) =>
    nodes.map(({ references, large }, index) =>
      info(
        index,
        references.filter(() => index > 0).map((reference) => reference % index),
        large ? 2 ** 21 : 120,
      ),
    ),
  );
