import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { BodyFailedError, BodyShapeError, NixSymbolMisuseError } from "../../../composition/body/errors.ts";
import { evaluateBody } from "../../../composition/body/evaluate-body.ts";
import { nix } from "../../../composition/body/nix-template.ts";
import { type BodyArguments, symbol } from "../../../composition/body/symbol.ts";
import { ConfigScope } from "../../../composition/evaluation/config-scope.ts";
import { mkIf } from "../../../composition/lib/property.ts";

const defined = { definedAt: { file: "modules/nixos/base.ts", line: 5 } };
const kind = (body: unknown): string => evaluateBody(body, defined).kind;

describe("a body", () => {
  it("is attributes, a module in Nix, or definitions under a condition", () => {
    assert.equal(kind({ networking: {} }), "attributes");
    assert.equal(kind(nix`{ pkgs, ... }: { }`), "module");
    assert.equal(kind(symbol("inputs")["disko"].nixosModules.default), "module");
    assert.equal(kind(mkIf(true, {})), "config");
    assert.equal(
      kind(({ config, lib }: BodyArguments) => lib.mkIf(config.a, { b: 1 })),
      "config",
    );
    assert.equal(
      kind(({ pkgs }: BodyArguments) => ({ environment: { systemPackages: [pkgs.git] } })),
      "attributes",
    );
  });

  it("is called once, however often it is asked for", () => {
    let calls = 0;
    const body = () => ({ calls: ++calls });
    assert.equal(evaluateBody(body, defined), evaluateBody(body, defined));
    assert.equal(calls, 1);
  });

  it("that throws is reported with its cause and place", () => {
    const body = () => {
      throw new TypeError("boom");
    };
    assert.throws(
      () => evaluateBody(body, defined),
      (error: unknown) => {
        assert.ok(error instanceof BodyFailedError);
        assert.equal(error.facts.summary, "a body threw: TypeError: boom");
        assert.equal(error.facts.at, "modules/nixos/base.ts:5");
        assert.ok(error.cause instanceof TypeError);
        return true;
      },
    );
  });

  const shapeless: readonly (readonly [string, unknown, string])[] = [
    ["a list", [], "a body is a list"],
    ["text", "x", "a body is a string"],
    ["nothing", () => undefined, "a body is undefined"],
    ["a promise", async () => ({}), "a body is a promise"],
    ["a function of functions", () => () => ({}), "a body is a function"],
    ["imports that are no list", { imports: {} }, "`imports` of a body is an object that is no attribute set"],
  ];
  for (const [title, body, summary] of shapeless) {
    it(`is not ${title}`, () => {
      assert.throws(
        () => evaluateBody(body, defined),
        (error: unknown) => error instanceof BodyShapeError && error.facts.summary === summary,
      );
    });
  }

  const misused: readonly (readonly [string, (args: BodyArguments) => unknown, string])[] = [
    [
      "keys of a symbol",
      ({ config }) => ({ a: Object.keys(config.users).length }),
      "`config.users` was asked for its keys, but they are known to Nix only",
    ],
    [
      "a loop over the keys of a symbol",
      ({ config }) => {
        const names: string[] = [];
        for (const name in config.users) names.push(name);
        return { names };
      },
      "`config.users` was asked for its keys, but they are known to Nix only",
    ],
    [
      "attributes of its own that depend on the configuration",
      ({ config, lib }) => ({ a: 1, ...lib.optionalAttrs(config.b.enable, { c: 1 }) }),
      "a body's own attributes depend on `config`, which Nix knows only once it has them",
    ],
    [
      "attributes of its own that depend on packages",
      ({ pkgs, lib }) => ({ ...lib.optionalAttrs(lib.not(pkgs.stdenv.isDarwin), { c: 1 }) }),
      "a body's own attributes depend on `pkgs`, which Nix knows only once it has them",
    ],
  ];
  for (const [title, body, summary] of misused) {
    it(`is refused at its line for ${title}`, () => {
      assert.throws(
        () => evaluateBody(body, defined),
        (error: unknown) => {
          assert.ok(error instanceof NixSymbolMisuseError);
          assert.equal(error.facts.summary, summary);
          assert.match(error.facts.at, /evaluate-body\.test\.ts:\d+$/);
          return true;
        },
      );
    });
  }

  it("is not blamed for what another one asked before it threw", () => {
    const throws = ({ config }: BodyArguments) => {
      Object.keys(config.users);
      throw new Error("boom");
    };
    assert.throws(() => evaluateBody(throws, defined), BodyFailedError);
    assert.equal(
      kind(() => ({ a: 1 })),
      "attributes",
    );
  });

  it("is refused where the configuration decides the whole of it, other than by lib.mkIf", () => {
    const whole = ({ config, lib }: BodyArguments) => lib.optionalAttrs(config.b.enable, { c: 1 });
    assert.throws(
      () => evaluateBody(whole, defined),
      (error: unknown) => error instanceof NixSymbolMisuseError && error.facts.at === "modules/nixos/base.ts:5",
    );
    assert.equal(
      kind(({ inputs, lib }: BodyArguments) => lib.optionalAttrs(inputs["self"].dirty, { c: 1 })),
      "module",
    );
  });

  it("may spread what inputs and lib alone decide, and anything below its own attributes", () => {
    const fine = ({ inputs, lib, config, pkgs }: BodyArguments) => ({
      ...lib.optionalAttrs(inputs["self"].dirty, { a: pkgs.git }),
      environment: { etc: { ...lib.optionalAttrs(config.b.enable, { c: 1 }) } },
    });
    assert.equal(kind(fine), "attributes");
  });

  it("does not take the flake's config for the machine's", () => {
    const scope = new ConfigScope("/fleet", []);
    scope.current = { flake: {} };
    const config = scope.view();
    assert.throws(
      () => evaluateBody(() => config, defined),
      (error: Error) => {
        assert.equal(
          error.message,
          [
            "config is the flake's configuration, used as a value of a machine",
            "  expected: the machine's own configuration, or data",
            "  found:    the flake's config",
            "  at:       modules/nixos/base.ts:5",
            "  fix:      take `config` from the body's arguments, ({ config, pkgs }) => ({ … }), and give the flake's another name",
          ].join("\n"),
        );
        return true;
      },
    );
  });
});
