import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { flakeModule } from "../../../composition/flake-module.ts";
import { flakeLib } from "../../../composition/lib/flake-lib.ts";
import { evaluateModules, failure, fleetTree, mkOption, types } from "../fleet-tree.ts";

const numbers = { options: Object.fromEntries(["a", "b", "c"].map((name) => [name, mkOption({ type: types.int })])) };

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("config, read by the modules that define it", () => {
  it("has the value of modules that come later", async () => {
    const chain = [
      flakeModule(({ config }) => ({ a: Number(config["b"]) + 1 })),
      flakeModule(({ config }) => ({ b: Number(config["c"]) + 1 })),
      flakeModule({ c: 1 }),
    ];
    const { config } = await evaluateModules(numbers, ...chain);
    assert.deepEqual([config["a"], config["b"], config["c"]], [3, 2, 1]);
  });

  it("may be declared, defined and read by one function", async () => {
    const { config } = await evaluateModules(({ config, lib }) => ({
      options: {
        name: lib.mkOption({ type: lib.types.str }),
        shout: lib.mkOption({ type: lib.types.str }),
      },
      config: { name: lib.mkDefault("galena"), shout: String(config["name"]).toUpperCase() },
    }));
    assert.deepEqual([config["name"], config["shout"]], ["galena", "GALENA"]);
  });

  it("shows what another module overrides", async () => {
    const { config } = await evaluateModules(
      ({ config, lib }) => ({
        options: { name: mkOption({ type: types.str }), length: mkOption({ type: types.int }) },
        config: { name: lib.mkDefault("galena"), length: String(config["name"]).length },
      }),
      { name: "scheelite" },
    );
    assert.equal(config["length"], 9);
  });

  it("decides conditions", async () => {
    const options = {
      on: mkOption({ type: types.bool, default: false }),
      names: mkOption({ type: types.listOf(types.str) }),
    };
    const conditional = flakeModule(({ config, lib }) => ({ names: lib.mkIf(config["on"] === true, ["conditional"]) }));
    assert.deepEqual((await evaluateModules({ options }, conditional)).config["names"], []);
    assert.deepEqual((await evaluateModules({ options }, conditional, { on: true })).config["names"], ["conditional"]);
  });

  it("gives names of entries that other files define", async () => {
    const { config } = await evaluateModules(
      { options: { names: mkOption({ type: types.listOf(types.str) }) } },
      ({ config }) => ({ names: Object.keys(config.flake.modules.nixos) }),
      { flake: { modules: { nixos: { ssh: {}, base: {} } } } },
    );
    assert.deepEqual(config["names"], ["base", "ssh"]);
  });

  it("is complete when a body reads it after the evaluation", async () => {
    const body = flakeModule(({ config }) => {
      const users = config["users"];
      return { users: { ann: 1 }, flake: { modules: { nixos: { base: () => Object.keys(users ?? {}) } } } };
    });
    const options = { users: mkOption({ type: types.attrsOf(types.int) }) };
    const later = flakeModule(({ config }) => ({
      users: { bob: Object.keys(config["users"] ?? {}).length > 0 ? 2 : 3 },
    }));
    const { namespaces } = await evaluateModules({ options }, body, { users: { cyd: 3 } }, later);
    const read = namespaces.get("nixos")?.get("base")?.[0]?.body;
    assert.ok(typeof read === "function");
    assert.deepEqual(read(), ["ann", "bob", "cyd"]);
  });

  it("computes getters only when their value is asked for", async () => {
    const { config } = await evaluateModules(numbers, ({ config }) => ({
      c: 1,
      get a() {
        return Number(config["c"]) + 1;
      },
    }));
    assert.equal(config["a"], 2);
  });

  it("works within submodules, with the attribute's name", async () => {
    const machine = types.submodule(({ name, config }) => ({
      options: { name: mkOption({ type: types.str }), host: mkOption({ type: types.str }) },
      config: { name: flakeLib.mkDefault(name), host: `${config["name"]}.zt` },
    }));
    const { config } = await evaluateModules(
      { options: { machines: mkOption({ type: types.attrsOf(machine) }) } },
      { machines: { galena: {}, pyrite: { name: "fools-gold" } } },
    );
    assert.deepEqual(plain(config["machines"]), {
      galena: { name: "galena", host: "galena.zt" },
      pyrite: { name: "fools-gold", host: "fools-gold.zt" },
    });
  });
});

describe("values that depend on themselves", () => {
  const options = `export default ({ lib }) => ({ options: {
    clan: { machines: lib.mkOption({ type: lib.types.attrsOf(lib.types.int) }), tags: lib.mkOption({ type: lib.types.listOf(lib.types.str) }) },
    size: lib.mkOption({ type: lib.types.int, default: 1 }) } });`;

  it("are a cycle of two files, named with the path", async () => {
    using tree = fleetTree({
      "modules/options.ts": options,
      "modules/machines.ts": `export default ({ config }) => ({\n  clan: {\n    machines: { galena: config.clan.tags.length },\n  },\n});\n`,
      "modules/tags.ts": `export default ({ config }) => ({\n  clan: { tags: Object.keys(config.clan.machines).concat(String(config.clan.machines.galena)) },\n});\n`,
    });
    assert.equal(
      await failure(tree.evaluate()),
      `clan.tags: the value depends on itself
  expected: a value that can be computed without asking for itself
  found:    clan.tags → clan.machines.galena → clan.tags
  at:       modules/tags.ts:2
            modules/machines.ts:3
  fix:      break the circle: let one of these definitions read something else`,
    );
  });

  it("are a cycle of getters, found by the values themselves", async () => {
    using tree = fleetTree({
      "modules/options.ts": options,
      "modules/a.ts": `export default ({ config }) => ({\n  clan: {\n    get machines() {\n      return { galena: config.clan.tags.length };\n    },\n  },\n});\n`,
      "modules/b.ts": `export default ({ config }) => ({\n  clan: {\n    get tags() {\n      return [String(config.clan.machines.galena)];\n    },\n  },\n});\n`,
    });
    assert.equal(
      await failure(tree.evaluate()),
      `clan.machines: the value depends on itself
  expected: a value that can be computed without asking for itself
  found:    clan.machines → clan.tags → clan.machines
  at:       modules/a.ts:3
            modules/b.ts:3
  fix:      break the circle: let one of these definitions read something else`,
    );
  });

  it("are a cycle of one definition, even where a default would settle it", async () => {
    using tree = fleetTree({
      "modules/options.ts": options,
      "modules/a.ts": "export default ({ config }) => ({\n  size: config.size,\n});\n",
    });
    assert.equal(
      await failure(tree.evaluate()),
      `size: the value depends on itself
  expected: a value that can be computed without asking for itself
  found:    size → size
  at:       modules/a.ts:2
  fix:      break the circle: let one of these definitions read something else`,
    );
  });

  it("end, where each round gives another value", async () => {
    const grow = flakeModule(({ config }) => ({ size: Number(config["size"]) + 1 }));
    const message = await failure(
      evaluateModules({ options: { size: mkOption({ type: types.int, default: 1 }) } }, grow),
    );
    assert.match(message, /^size: the value depends on itself\n/);
  });

  it("end, where a module waits for a value that never comes", async () => {
    const wait = flakeModule(({ config }) => {
      let node = config["node"];
      while (node) node = (node as { parent?: unknown }).parent;
      return {};
    });
    const options = { node: mkOption({ type: types.nullOr(types.raw), default: null }) };
    assert.equal((await evaluateModules({ options }, wait)).config["node"], null);
  });
});

describe("a module that says something else at each run", () => {
  it("is not mistaken for a cycle", async () => {
    let runs = 0;
    const options = { size: mkOption({ type: types.int }), name: mkOption({ type: types.str }) };
    const message = await failure(
      evaluateModules({ options }, ({ config }) => ({ name: `${config["size"]}` }), {
        get size() {
          return runs++;
        },
      }),
    );
    assert.match(message, /^fleet\.ts: what the module reads is something else each time\n/);
  });
});

describe("a module that fails", () => {
  it("is reported once, not again by those that wait for its options", async () => {
    using tree = fleetTree({
      "modules/options.ts":
        "export default ({ lib }) => ({ options: { size: lib.mkOption({ type: lib.types.int }) } });",
      "modules/a.ts": "export default ({ config }) => {\n  if (config.size > 0) return {};\n  return {};\n};\n",
      "modules/size.ts":
        "export default ({ config, lib }) => {\n  const count = Object.keys(config.flake.modules.nixos).length;\n  return { size: count === 0 ? null.length : 1 };\n};\n",
    });
    assert.equal(
      await failure(tree.evaluate()),
      `modules/size.ts: the module's code threw
  expected: code that returns
  found:    TypeError: Cannot read properties of null (reading 'length')
  at:       modules/size.ts:3
  fix:      correct the code at that line`,
    );
  });
});
