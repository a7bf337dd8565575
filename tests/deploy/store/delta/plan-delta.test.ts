import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { boundsFor, deltaBytes, planDelta, windowLog } from "../../../../deploy/store/delta/plan-delta.ts";
import { type PathInfo, sizeOf } from "../../../../deploy/store/path-info.ts";
import type { StorePath } from "../../../../local-nix/store-path.ts";
import { graphs, info } from "../support/paths.ts";

const mebibyte = 2 ** 20;

/** A graph, and for some of its paths a predecessor; two may have the same one. */
const rebuilt = graphs.chain((paths) =>
  fc
    .array(fc.option(fc.record({ which: fc.nat(8), large: fc.boolean() })), {
      minLength: paths.length,
      maxLength: paths.length,
    })
    .map((choices) => {
      const pool = new Map<number, PathInfo>();
      const predecessors = new Map<StorePath, PathInfo>();
      choices.forEach((choice, index) => {
        const path = paths[index]?.path;
        if (choice === null || path === undefined) return;
        const old = pool.get(choice.which) ?? info(1000 + choice.which, [], choice.large ? 3 * mebibyte : 200);
        pool.set(choice.which, old);
        predecessors.set(path, old);
      });
      return { paths, predecessors };
    }),
);
const bounds = fc.record({
  pathBytes: fc.integer({ min: 100, max: 4 * mebibyte }),
  stageBytes: fc.integer({ min: 100, max: 4 * mebibyte }),
});

describe("a plan of differences", () => {
  it("has every path once, and after its references", () => {
    fc.assert(
      fc.property(rebuilt, bounds, ({ paths, predecessors }, limits) => {
        const order = planDelta(paths, predecessors, limits).flatMap((stage) => stage.paths);
        assert.equal(order.length, paths.length);
        const place = new Map(order.map(({ path }, index) => [path, index]));
        assert.equal(place.size, paths.length);
        order.forEach(({ path, references }, index) => {
          for (const reference of references) {
            if (reference !== path) assert.ok((place.get(reference) ?? -1) < index);
          }
        });
      }),
    );
  });

  it("keeps each stage of differences within its bounds, unless one path alone is larger", () => {
    fc.assert(
      fc.property(rebuilt, bounds, ({ paths, predecessors }, limits) => {
        for (const stage of planDelta(paths, predecessors, limits)) {
          if (stage.kind === "full") continue;
          assert.ok(stage.references.length > 0);
          assert.equal(new Set(stage.references).size, stage.references.length);
          const needed = new Set(stage.paths.flatMap(({ path }) => predecessors.get(path) ?? []));
          assert.deepEqual(new Set(stage.references), needed);
          for (const one of stage.references) assert.ok(one.narSize <= limits.pathBytes);
          if (stage.paths.length === 1) continue;
          assert.ok(sizeOf(stage.paths) <= limits.stageBytes);
          assert.ok(sizeOf(stage.references) <= limits.stageBytes);
        }
      }),
    );
  });

  it("sends in full, in one piece, what has no predecessor", () => {
    fc.assert(
      fc.property(graphs, bounds, (paths, limits) => {
        const stages = planDelta(paths, new Map(), limits);
        assert.ok(stages.length <= 1);
        assert.equal(deltaBytes(stages), 0);
      }),
    );
  });

  it("takes small new paths along with the differences, and leaves out those beyond the bounds", () => {
    const large = { ...info("b", ["a"], 200 * mebibyte) };
    const paths = [info("a", []), info("c", ["a"]), large, info("d", ["b"])];
    const old = { a: info("f", []), b: info("g", [], 200 * mebibyte), d: info("h", []) };
    const predecessors = new Map(Object.entries(old).map(([name, one]) => [info(name, []).path, one]));
    const stages = planDelta(paths, predecessors, boundsFor(64 * 2 ** 30));
    assert.deepEqual(
      stages.map(({ kind, paths }) => [kind, paths.map(({ path }) => path.at(-1)).join("")]),
      [
        ["delta", "ac"],
        ["full", "b"],
        ["delta", "d"],
      ],
    );
  });

  it("asks of a host a quarter of what it has free, and never more than zstd's window", () => {
    assert.deepEqual(boundsFor(400 * mebibyte), { pathBytes: 100 * mebibyte, stageBytes: 24 * mebibyte });
    assert.deepEqual(boundsFor(undefined), { pathBytes: 64 * mebibyte, stageBytes: 24 * mebibyte });
    assert.deepEqual(boundsFor(80 * mebibyte), { pathBytes: 20 * mebibyte, stageBytes: 10 * mebibyte });
    fc.assert(
      fc.property(fc.option(fc.nat({ max: 2 ** 48 }), { nil: undefined }), (available) => {
        const { pathBytes, stageBytes } = boundsFor(available);
        assert.ok(stageBytes <= pathBytes && pathBytes < 2 ** windowLog);
      }),
    );
  });
});
