import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type FlakeModuleInput, flakeModule } from "../../../composition/flake-module.ts";
import { flakeLib } from "../../../composition/lib/flake-lib.ts";
import { evaluateModules, failure, mkOption, types } from "../fleet-tree.ts";

const { mkAfter, mkBefore, mkDefault, mkForce, mkIf, mkMerge, mkOrder, mkOverride } = flakeLib;

const key = fc.string({ unit: fc.constantFrom("a", "b", "c", "/", "-"), minLength: 1, maxLength: 3 });
const record = fc.dictionary(key, fc.integer({ min: -9, max: 9 }), { noNullPrototype: true });

function declare(type: typeof types.str): FlakeModuleInput {
  return { options: { value: mkOption({ type }) } };
}

async function merged(type: typeof types.str, definitions: readonly unknown[]): Promise<unknown> {
  const modules = definitions.map((value) => flakeModule({ value }));
  return (await evaluateModules(declare(type), ...modules)).config["value"];
}

/** A plain copy: evaluated sets compute their attributes when read. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("merging attribute sets", () => {
  it("gives the same whatever the order of the modules and however attributes are spread over them", async () => {
    const spread = record.chain((whole) => {
      const parts = fc.array(fc.nat({ max: 3 }), { minLength: Object.keys(whole).length, maxLength: 20 });
      return fc.tuple(fc.constant(whole), parts, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }));
    });
    await fc.assert(
      fc.asyncProperty(spread, async ([whole, parts, order]) => {
        const entries = Object.entries(whole);
        const modules = order.map((part) => Object.fromEntries(entries.filter((_, index) => parts[index] === part)));
        const value = await merged(types.attrsOf(types.int), modules);
        assert.deepEqual(plain(value), whole);
        assert.deepEqual(JSON.stringify(value), JSON.stringify(await merged(types.attrsOf(types.int), [whole])));
      }),
    );
  });

  it("merges submodules attribute by attribute, whichever module gives which", async () => {
    const machine = fc.record({ name: fc.string(), tags: fc.array(fc.string(), { maxLength: 3 }), cores: fc.nat() });
    const type = types.attrsOf(
      types.submodule({
        options: {
          name: mkOption({ type: types.str }),
          tags: mkOption({ type: types.listOf(types.str), default: [] }),
          cores: mkOption({ type: types.int }),
        },
      }),
    );
    await fc.assert(
      fc.asyncProperty(machine, async ({ name, tags, cores }) => {
        const parts = [{ m: { cores } }, { m: { tags } }, { m: { name } }];
        assert.deepEqual(plain(await merged(type, parts)), { m: { name, tags, cores } });
      }),
    );
  });

  it("leaves out attributes whose every definition is switched off", async () => {
    const value = await merged(types.attrsOf(types.int), [
      { a: mkIf(false, 1), b: mkIf(true, 2) },
      mkIf(false, { c: 3 }),
    ]);
    assert.deepEqual(plain(value), { b: 2 });
  });
});

describe("what nobody declared", () => {
  it("is refused where it is switched off, too: a typo must not wait for the day of its condition", async () => {
    const options = { a: { b: mkOption({ type: types.int, default: 1 }) } };
    for (const module of [mkIf(false, { a: { typo: 1 } }), { a: mkIf(false, { typo: 1 }) }])
      assert.match(
        await failure(evaluateModules({ options }, { config: module })),
        /^a\.typo: there is no such option\n/,
      );
  });
});

describe("priorities", () => {
  it("let only definitions with the lowest number count", async () => {
    const ranked = fc.uniqueArray(fc.integer({ min: 1, max: 1499 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(ranked, async (numbers) => {
        const definitions = numbers.map((number) => mkOverride(number, number));
        assert.equal(await merged(types.int, definitions), Math.min(...numbers));
      }),
    );
  });

  it("are, from the weakest: the option's default, mkDefault, plain, mkForce", async () => {
    const option = { options: { value: mkOption({ type: types.str, default: "default" }) } };
    const all = [{ value: mkDefault("mkDefault") }, { value: "plain" }, { value: mkForce("mkForce") }];
    const seen: unknown[] = [];
    for (let count = 0; count <= all.length; count++) {
      seen.push((await evaluateModules(option, ...all.slice(0, count))).config["value"]);
    }
    assert.deepEqual(seen, ["default", "mkDefault", "plain", "mkForce"]);
  });

  it("reach every option below the set that they surround", async () => {
    const options = { a: { b: mkOption({ type: types.str }), c: mkOption({ type: types.str }) } };
    const modules = [{ options }, { a: mkForce({ b: "forced" }) }, { a: { b: "plain", c: "plain" } }];
    assert.deepEqual(plain((await evaluateModules(...modules)).config["a"]), { b: "forced", c: "plain" });
  });
});

describe("merging lists", () => {
  it("concatenates by order number, then by the order of the modules", async () => {
    const definition = fc.tuple(fc.constantFrom(500, 1000, 1500), fc.array(fc.nat(), { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.array(definition, { minLength: 1, maxLength: 6 }), async (definitions) => {
        const expected = definitions.toSorted(([a], [b]) => a - b).flatMap(([, values]) => values);
        const modules = definitions.map(([order, values]) => mkOrder(order, values));
        assert.deepEqual(await merged(types.listOf(types.int), modules), expected);
      }),
    );
  });

  it("puts mkBefore first and mkAfter last", async () => {
    const value = await merged(types.listOf(types.str), [mkAfter(["z"]), ["m"], mkBefore(["a"]), mkIf(false, ["no"])]);
    assert.deepEqual(value, ["a", "m", "z"]);
  });
});

describe("mkMerge and mkIf", () => {
  it("give what separate modules would give", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.array(fc.nat(), { maxLength: 2 }))), async (parts) => {
        const type = types.listOf(types.int);
        const together = [mkMerge(parts.map(([on, values]) => mkIf(on, values)))];
        const apart = parts.filter(([on]) => on).map(([, values]) => values);
        const expected = apart.length === 0 ? [] : await merged(type, apart);
        assert.deepEqual(await merged(type, together), expected);
      }),
    );
  });
});

describe("a list's default", () => {
  it("comes before definitions of its own priority", async () => {
    const value = mkOption({ type: types.listOf(types.int), default: [1] });
    const { config } = await evaluateModules({ options: { value } }, { value: mkOverride(1500, [2]) });
    assert.deepEqual(config["value"], [1, 2]);
  });
});

describe("imports", () => {
  it("count a module once, by however many ways it is imported", async () => {
    const feature = flakeModule({ value: ["feature"] });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), fc.nat({ max: 3 }), async (direct, nested) => {
        const importer = flakeModule({ imports: Array.from({ length: nested }, () => feature), value: ["importer"] });
        const modules = [...Array.from({ length: direct }, () => feature), importer];
        const { config } = await evaluateModules(declare(types.listOf(types.str)), ...modules);
        assert.deepEqual(config["value"], direct + nested === 0 ? ["importer"] : ["feature", "importer"]);
      }),
    );
  });

  it("of a discovered file and of the same module by name count once", async () => {
    const feature = flakeModule(() => ({ value: ["feature"] }));
    const { config } = await evaluateModules(declare(types.listOf(types.str)), feature, { imports: [feature] });
    assert.deepEqual(config["value"], ["feature"]);
  });
});

describe("types", () => {
  const valid: readonly [string, typeof types.str, readonly unknown[], unknown][] = [
    ["equal strings", types.str, ["a", "a"], "a"],
    ["null and null", types.nullOr(types.int), [null, null], null],
    ["a value for nullOr", types.nullOr(types.int), [3], 3],
    ["one of an enum", types.enum(["nixos", "darwin"]), ["darwin"], "darwin"],
    ["either", types.either(types.int, types.str), ["a"], "a"],
    ["oneOf", types.oneOf(types.int, types.bool, types.str), [true], true],
    ["uniq of a list", types.uniq(types.listOf(types.int)), [[1, 2]], [1, 2]],
    ["anything, sets merged", types.anything, [{ a: { b: 1 } }, { a: { c: [2] } }], { a: { b: 1, c: [2] } }],
    ["a port", types.port, [22], 22],
    ["a pattern's whole match", types.strMatching(/[a-z]+/), ["abc"], "abc"],
    ["raw", types.raw, [{ any: ["thing"] }], { any: ["thing"] }],
    ["lists in lists", types.listOf(types.listOf(types.int)), [[[1]], [[2, 3]]], [[1], [2, 3]]],
  ];
  for (const [title, type, definitions, expected] of valid) {
    it(`take ${title}`, async () => assert.deepEqual(plain(await merged(type, definitions)), expected));
  }

  const invalid: readonly [string, typeof types.str, readonly unknown[]][] = [
    ["a number for str", types.str, [3]],
    ["a fraction for int", types.int, [1.5]],
    ["an unknown value for an enum", types.enum(["nixos", "darwin"]), ["nixso"]],
    ["different strings", types.str, ["a", "b"]],
    ["null beside a value", types.nullOr(types.int), [null, 1]],
    ["two definitions of uniq", types.uniq(types.listOf(types.int)), [[1], [2]]],
    ["different lists as anything", types.anything, [{ a: [1] }, { a: [2] }]],
    ["a partial match of a pattern", types.strMatching(/[a-z]+/), ["abc1"]],
    ["an object of a class for attrsOf", types.attrsOf(types.anything), [new Date(0)]],
    ["a port out of range", types.port, [65536]],
  ];
  for (const [title, type, definitions] of invalid) {
    it(`refuse ${title}`, async () => assert.match(await failure(merged(type, definitions)), /^value/));
  }
});
