import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { configOf, evaluate, evaluationError } from "./nix.ts";

describe("module evaluator of the simulation", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "modules-"));
    await writeFile(join(folder, "list.nix"), `{ _file = "modules/list.ts"; list = [ "once" ]; }`);
    await writeFile(join(folder, "port.nix"), "{ services.web.port = 80; }");
    await writeFile(join(folder, "other-port.nix"), `{ _file = "modules/other-port.ts"; services.web.port = 81; }`);
    await writeFile(join(folder, "mac.nix"), `{ _class = "darwin"; _file = "modules/mac.ts"; }`);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("takes the strongest of mkDefault, plain and mkForce", async () => {
    const modules = [
      "{ lib, ... }: { a = lib.mkDefault 1; b = lib.mkDefault 1; c = 1; }",
      "{ lib, ... }: { a = lib.mkForce 2; b = 2; c = lib.mkForce 2; }",
      "{ a = 3; }",
    ];
    assert.deepEqual(await evaluate(`{ inherit (${configOf(...modules)}) a b c; }`), { a: 2, b: 2, c: 2 });
  });

  it("decides among scalars as a model does", async () => {
    const definition = fc.record({
      priority: fc.constantFrom(10, 50, 100, 1000),
      value: fc.integer({ min: 1, max: 3 }),
    });
    const cases = fc.sample(fc.array(definition, { minLength: 1, maxLength: 4 }), 200);
    const model = cases.map((definitions) => {
      const strongest = Math.min(...definitions.map(({ priority }) => priority));
      const values = new Set(definitions.filter(({ priority }) => priority === strongest).map(({ value }) => value));
      return values.size === 1 ? [...values][0] : "conflict";
    });
    const one =
      'definitions: let tried = builtins.tryEval (lib.evalModules { modules = map (d: { x = lib.mkOverride d.priority d.value; }) definitions; }).config.x; in if tried.success then tried.value else "conflict"';
    const answers = await evaluate(`map (${one}) (builtins.fromJSON ${JSON.stringify(JSON.stringify(cases))})`);
    assert.deepEqual(answers, model);
  });

  it("joins lists, first those of imported modules, mkBefore and mkAfter around them", async () => {
    const modules = [
      `{ lib, ... }: { imports = [ { list = [ "imported" ]; } ]; list = lib.mkMerge [ [ "own" ] (lib.mkAfter [ "last" ]) ]; }`,
      `{ lib, ... }: { list = lib.mkBefore [ "first" ]; }`,
    ];
    assert.deepEqual(await evaluate(`${configOf(...modules)}.list`), ["first", "imported", "own", "last"]);
  });

  it("lets a condition depend on the configuration that it stands in", async () => {
    const modules = [
      `{ config, lib, ... }: { config = lib.mkIf config.services.web.enable { services.web.port = 80; services.log.enable = true; }; }`,
      "{ services.web.enable = true; }",
    ];
    assert.deepEqual(await evaluate(`{ inherit (${configOf(...modules)}.services) web log; }`), {
      web: { enable: true, port: 80 },
      log: { enable: true },
    });
  });

  it("leaves out what a false condition would have set", async () => {
    const config = configOf(
      "{ lib, ... }: { options.hosts = lib.mkOption { type = lib.types.attrsOf lib.types.int; }; }",
      "{ lib, ... }: { services.web.settings = { a = 1; b = lib.mkIf false 2; }; hosts = { x = lib.mkIf false 1; y = 2; }; }",
    );
    assert.deepEqual(await evaluate(`{ inherit (${config}.services.web) settings; inherit (${config}) hosts; }`), {
      settings: { a: 1 },
      hosts: { y: 2 },
    });
  });

  it("names the option, both files and both values of a conflict", async () => {
    assert.equal(
      await evaluationError(`${configOf(`${folder}/port.nix`, `${folder}/other-port.nix`)}.services.web.port`),
      [
        "The option `services.web.port' has conflicting definition values:",
        "- In `modules/other-port.ts': 81",
        `- In \`${folder}/port.nix': 80`,
        "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.",
      ].join("\n"),
    );
  });

  it("counts a path that two chains import once, an inline module twice, one with a key once", async () => {
    const twice = (module: string): string =>
      `${configOf(`{ imports = [ ${module} ]; }`, `{ imports = [ { imports = [ ${module} ]; } ]; }`)}.list`;
    assert.deepEqual(await evaluate(twice(`${folder}/list.nix`)), ["once"]);
    assert.deepEqual(await evaluate(twice(`{ list = [ "a" ]; }`)), ["a", "a"]);
    assert.deepEqual(await evaluate(twice(`{ key = "k"; list = [ "a" ]; }`)), ["a"]);
  });

  it("refuses a module of another class with both classes", async () => {
    const message = await evaluationError(`${configOf(`{ imports = [ ${folder}/mac.nix ]; x = 1; }`)}.x`);
    assert.equal(
      message.split("\n")[0],
      'The module `modules/mac.ts` (class: "darwin") cannot be imported into a module evaluation that expects class "nixos".',
    );
  });

  const wrong: readonly (readonly [name: string, expression: string, message: string])[] = [
    [
      "an option that nobody set",
      `${configOf("{ lib, ... }: { a.b.c = lib.mkIf false 1; }")}.a.b.c`,
      "The option `a.b.c' was accessed but has no value defined. Try setting the option.",
    ],
    [
      "a value of another type than the declared one",
      `${configOf(
        "{ lib, ... }: { options.on = lib.mkOption { type = lib.types.bool; }; }",
        '{ _file = "modules/on.ts"; on = "yes"; }',
      )}.on`,
      "A definition for option `on' is not of type `boolean'. Definition values:\n- In `modules/on.ts': \"yes\"",
    ],
    [
      "options beside config",
      `${configOf('{ _file = "m.ts"; options = { }; x = 1; }')}.x`,
      "Module `m.ts' has an unsupported attribute `x'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: x) into the explicit `config' attribute.",
    ],
    [
      "an argument that does not exist",
      `${configOf("{ nonsense, ... }: { x = nonsense; }")}.x`,
      "the module `<unknown-file>' asks for the argument `nonsense', which is neither among the special arguments (config isDefined lib options) nor in `_module.args'",
    ],
    [
      "a name that a submodule does not declare",
      `${configOf(
        "{ lib, ... }: { options.unit = lib.mkOption { type = lib.types.submodule { options.script = lib.mkOption { type = lib.types.str; }; }; }; }",
        '{ _file = "u.ts"; unit.srcipt = "x"; }',
      )}.unit.script`,
      "The option `unit.srcipt' does not exist. Definition values:\n- In `u.ts': \"x\"",
    ],
    [
      "an option declared twice",
      `${configOf(
        '{ lib, ... }: { _file = "a.ts"; options.n = lib.mkOption { type = lib.types.int; }; }',
        '{ lib, ... }: { _file = "b.ts"; options.n = lib.mkOption { type = lib.types.str; }; }',
      )}.n`,
      "The option `n' in `a.ts' is already declared in `b.ts'.",
    ],
    [
      "a condition that is no boolean",
      `${configOf('{ lib, ... }: { _file = "a.ts"; a.b.c = lib.mkIf "yes" 1; }')}.a.b.c`,
      "`mkIf' in `a.ts' needs a Boolean condition",
    ],
  ];
  for (const [name, expression, message] of wrong) {
    it(`has a clear word for ${name}`, async () => {
      assert.equal(await evaluationError(expression), message);
    });
  }
});
