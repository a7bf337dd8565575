import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { flakeLib } from "../../../composition/lib/flake-lib.ts";
import { evaluateModules, failure, mkOption, types } from "../fleet-tree.ts";

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("declared options", () => {
  it("may be added to flake.* by any module", async () => {
    const users = mkOption({
      type: types.attrsOf(types.submodule({ options: { email: mkOption({ type: types.str }) } })),
    });
    const { config } = await evaluateModules(
      { options: { flake: { users } } },
      { flake: { users: { ann: { email: "ann@example.org" } } } },
    );
    assert.deepEqual(plain(config["flake"]), {
      modules: {},
      nixpkgsOverlays: [],
      users: { ann: { email: "ann@example.org" } },
    });
  });

  it("of one type may be declared twice: submodules and enums add up", async () => {
    const declare = (name: string, value: string) => ({
      options: {
        machine: mkOption({ type: types.submodule({ options: { [name]: mkOption({ type: types.enum([value]) }) } }) }),
        class: mkOption({ type: types.listOf(types.enum([value])) }),
      },
    });
    const { config } = await evaluateModules(declare("a", "x"), declare("b", "y"), {
      machine: { a: "x", b: "y" },
      class: ["x", "y"],
    });
    assert.deepEqual(plain(config["machine"]), { a: "x", b: "y" });
    assert.deepEqual(config["class"], ["x", "y"]);
  });

  it("of alternatives may be declared twice where the alternatives are one type each", async () => {
    const options = () => ({ value: mkOption({ type: types.either(types.int, types.enum(["a"])) }) });
    const other = () => ({ value: mkOption({ type: types.either(types.str, types.enum(["a"])) }) });
    const { config } = await evaluateModules({ options: options() }, { options: options() }, { value: "a" });
    assert.equal(config["value"], "a");
    const message = await failure(evaluateModules({ options: options() }, { options: other() }));
    assert.match(message, /^value: the option is declared twice\n/);
  });

  it("cannot be an option in one module and a set of options in another", async () => {
    const message = await failure(
      evaluateModules(
        { options: { clan: mkOption({ type: types.str }) } },
        { options: { clan: { name: mkOption({ type: types.str }) } } },
      ),
    );
    assert.match(message, /^clan: declared both as an option and as a set of options\n/);
  });

  it("take one definition where they are read-only, and none beside a default", async () => {
    const options = { version: mkOption({ type: types.int, default: 1, readOnly: true }) };
    assert.equal((await evaluateModules({ options })).config["version"], 1);
    assert.match(await failure(evaluateModules({ options }, { version: 2 })), /^version: the option is read-only/);
  });

  it("show readers what `apply` makes of the value", async () => {
    const port = mkOption({ type: types.int, apply: (value: number) => `tcp/${value}` });
    assert.equal((await evaluateModules({ options: { port } }, { port: 22 })).config["port"], "tcp/22");
  });

  it("without a value are an error only for those who read them", async () => {
    const options = { name: mkOption({ type: types.str }), size: mkOption({ type: types.int, default: 1 }) };
    const { config } = await evaluateModules({ options });
    assert.equal(config["size"], 1);
    assert.throws(() => config["name"], /^OptionUndefinedError: name: the option is used, but has no value\n/);
  });

  it("without a value or default are empty where their type has an empty value", async () => {
    const options = {
      list: mkOption({ type: types.listOf(types.str) }),
      set: mkOption({ type: types.attrsOf(types.str) }),
      perhaps: mkOption({ type: types.nullOr(types.str) }),
    };
    const { config } = await evaluateModules({ options });
    assert.deepEqual(plain([config["list"], config["set"], config["perhaps"]]), [[], {}, null]);
  });
});

describe("submodules", () => {
  const machine = types.submodule({
    options: { tags: mkOption({ type: types.listOf(types.str), default: [] }), imports: mkOption({ type: types.raw }) },
    freeformType: types.attrsOf(types.int),
  });
  const options = { machine: mkOption({ type: machine }) };

  it("have the defaults of a submodule's options where nothing defines the submodule", async () => {
    const clock = types.submodule({ options: { zone: mkOption({ type: types.str, default: "UTC" }) } });
    const { config } = await evaluateModules({ options: { clock: mkOption({ type: clock }) } });
    assert.deepEqual(plain(config["clock"]), { zone: "UTC" });
  });

  it("take undeclared attributes of their freeform type, and no others", async () => {
    const { config } = await evaluateModules({ options }, { machine: { cores: 4, imports: [] } });
    assert.deepEqual(plain(config["machine"]), { tags: [], imports: [], cores: 4 });
    const message = await failure(evaluateModules({ options }, { machine: { cores: "four", imports: [] } }));
    assert.match(message, /^machine\.cores: a definition is not of the option's type\n {2}expected: integer\n/);
  });

  it("leave out undeclared attributes whose every definition is switched off", async () => {
    const { config } = await evaluateModules({ options }, { machine: { cores: flakeLib.mkIf(false, 4), imports: [] } });
    assert.deepEqual(plain(config["machine"]), { tags: [], imports: [] });
  });

  it("may be defined by a function, which is a whole module", async () => {
    const { config } = await evaluateModules(
      { options },
      { machine: { tags: ["peer"], imports: [] } },
      { machine: ({ name }: { name: string }) => ({ config: { tags: [name] } }) },
    );
    assert.deepEqual(plain(config["machine"]), { tags: ["peer", "machine"], imports: [] });
  });
});
