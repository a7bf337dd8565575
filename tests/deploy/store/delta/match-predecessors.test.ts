import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { matchPredecessors, nameStem } from "../../../../deploy/store/delta/match-predecessors.ts";
import type { PathInfo } from "../../../../deploy/store/path-info.ts";
import { parseStorePath } from "../../../../local-nix/store-path.ts";
import { info } from "../support/paths.ts";

const named = (hash: string, name: string, narSize = 120): PathInfo => ({
  ...info(0, [], narSize),
  path: parseStorePath(`/nix/store/${hash.repeat(32)}-${name}`),
});

describe("predecessors", () => {
  it("are found by the name without the later parts that begin with a digit", () => {
    const stems = [
      "openssl-3.0.14-bin",
      "linux-6.12.5-modules",
      "python3.12-requests-2.32",
      "unit-sshd.service",
      "7zip-24.09",
    ];
    assert.deepEqual(
      stems.map((name) => nameStem(named("a", name).path)),
      ["openssl-bin", "linux-modules", "python3.12-requests", "unit-sshd.service", "7zip"],
    );
  });

  it("are of the same whole name before another version, then of the nearest size", () => {
    const missing = [named("a", "glibc-2.40", 1000), named("b", "etc", 500), named("c", "new-thing-1.0")];
    const there = [
      named("d", "glibc-2.39", 1000),
      named("f", "glibc-2.40", 9000),
      named("g", "etc", 900),
      named("h", "etc", 480),
      named("i", "glibc-2.40-bin", 1000),
    ];
    const matched = matchPredecessors(missing, there);
    assert.deepEqual(
      missing.map(({ path }) => matched.get(path)?.path.slice(11, 12)),
      ["f", "h", undefined],
    );
  });
});
