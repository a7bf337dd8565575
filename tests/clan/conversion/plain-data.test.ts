import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nixValueOf, saysTheSame } from "../../../clan/conversion/data-value.ts";
import { ConversionError } from "../../../clan/conversion/errors.ts";
import { readNixTokens } from "../../../clan/conversion/nix-tokens.ts";
import { readPlainData } from "../../../clan/conversion/plain-data.ts";
import { commentsIn, printNested } from "../../../clan/conversion/print-data.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";

const place = { root: "/fleet", folder: "/fleet", modules: "config.flake.modules", at: "a.nix" };

function read(text: string) {
  const { tokens, comments } = readNixTokens(text, "a.nix");
  const around = { text, tokens, comments, namespaces: new Map<string, string>(), hasConfig: true };
  return { data: readPlainData({ ...around, names: new Set() }, 0, tokens.length), comments };
}

/** What TypeScript makes of the printed text. */
function run(text: string): unknown {
  const { data } = read(text);
  assert.ok(data !== undefined, text);
  // Text of our own printer, from the test's own values: evaluating it is what the test is for.
  return new Function(`return (${printNested([], data, "")});`)();
}

const name = fc.oneof(fc.constantFrom("enable", "a-b", "x'", "users/mina", "__proto__", "if", "1", ""), fc.string());
const text = fc.oneof(
  fc.constantFrom(
    `''\${x}`,
    `\\\${x}`,
    "$${x}",
    'a"b',
    "two\nlines\n",
    "  indented\n\ttab\n ",
    "'''",
    "$",
    "\u00e9\u{1f600}",
  ),
  fc.string({ unit: "binary" }).filter((one) => one.isWellFormed() && !/[\0\r\u2028\u2029\uFEFF\uFFFD]/u.test(one)),
);
const scalar = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Number.isInteger(one) && Math.abs(one) > 1e-300),
);
const { value: anyValue } = fc.letrec<{ value: unknown; set: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie("value"), { maxLength: 4 }), tie("set")),
  set: fc
    .array(
      fc.tuple(
        name.filter((one) => !/[\0\r\u2028\u2029\uFEFF\uFFFD]/u.test(one)),
        tie("value"),
      ),
      { maxLength: 4 },
    )
    .map((attributes) => Object.fromEntries(attributes)),
}));

describe("plain data in Nix", () => {
  it("is the same value in TypeScript, whatever it is", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        assert.deepEqual(run(printNix(value, place)), value);
      }),
    );
  });

  it("keeps its comments, each once and as it stood, wherever they stand", () => {
    const remark = fc.constantFrom("# one\n", "#two # three\n", "/* a\n  block */", "/** of a function */", " ", "\n");
    const withRemarks = fc.tuple(anyValue, fc.array(remark, { minLength: 1, maxLength: 30 }));
    fc.assert(
      fc.property(withRemarks, ([value, remarks]) => {
        // A comment may stand between any two tokens.
        const plain = printNix({ value }, place);
        const { tokens } = readNixTokens(plain, "a.nix");
        const words = tokens.map((token, index) => `${remarks[index % remarks.length] ?? ""} ${token.text}`);
        const written = [tokens[0]?.text ?? "", ...words.slice(1)].join(" ");
        const { data, comments } = read(written);
        assert.ok(data !== undefined, written);
        assert.deepEqual(
          [...commentsIn(data)].map(({ start }) => start).sort((a, b) => a - b),
          comments.map(({ start }) => start),
        );
        const printed = printNested([], data, "");
        for (const { text: said } of comments)
          assert.ok(printed.includes(said.startsWith("#") ? `//${said.slice(1)}` : said), printed);
        assert.deepEqual(new Function(`return (${printed});`)(), { value });
        assert.deepEqual(nixValueOf(data, "a.nix"), { value });
      }),
    );
  });

  it("has comments before, beside and after what they are about, and lines where lines are wanted", () => {
    const { data } = read(`{
  # why
  services.openssh = { enable = true; }; # beside
  services.nginx.enable = false;
  environment.etc.motd.text = ''
    one
      two \${"x"}
  '';
}`);
    assert.equal(data, undefined); // what is interpolated is no data
    const plain = read(`{
  # why
  services.openssh = { enable = true; }; # beside
  services.nginx.enable = false;
  list = [ 1 (-2) /* two */ "\\\${x}" ];
  environment.etc.motd.text = ''
    one
      two ''\${x}
  '';
  # end
}`).data;
    assert.ok(plain !== undefined);
    assert.equal(
      printNested([], plain, ""),
      `{
  services: {
    // why
    openssh: { enable: true }, // beside
    nginx: { enable: false },
  },
  list: [
    1,
    -2,
    /* two */
    "\${x}",
  ],
  environment: { etc: { motd: { text: "one\\n  two \${x}\\n" } } },
  // end
}`,
    );
  });

  it("is nothing that is computed, refers to something, or would be another value", () => {
    for (const text of [
      "1.0",
      "./a",
      "<nixpkgs>",
      "https://example.org",
      "x: x",
      "{ ... }: { }",
      "let a = 1; in a",
      "with { a = 1; }; a",
      "rec { a = 1; }",
      "{ inherit a; }",
      `{ "\${"a"}" = 1; }`,
      "{ a = 1; a = 2; }",
      "{ a = 1; a.b = 2; }",
      "[ a ]",
      "[ (f 1) ]",
      "1 + 1",
      "[ 1 ] ++ [ 2 ]",
      "{ } // { }",
      "true && false",
      "!true",
      "9223372036854775808",
      "''a''\\nb''",
      "config.services",
      "config.flake.modules.nixos.base or { }",
      "config.flake.modules.nixos.base.imports",
      "config.flake.modules.common.base",
      "if true then 1 else 2",
    ])
      assert.equal(read(text).data, undefined, text);
  });

  it("refers to entries by their names", () => {
    const { data } = read(`{ imports = [ config.flake.modules.nixos."users/mina" ]; }`);
    assert.ok(data !== undefined);
    assert.equal(printNested([], data, ""), '{\n  imports: [nixos["users/mina"]],\n}');
  });
});

describe("strings of Nix", () => {
  it("are read as Nix reads them", function () {
    this.timeout(60_000);
    const pieces = ["a", " ", "  ", "\n", "'", "''$", "'''", "$", "$$", "{", "\t", "\\", "é"];
    const body = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join(""));
    // One evaluation for all of them.
    const texts = fc.sample(body, 400).map((inside) => `''${inside.replace(/'+$/, "")}''`);
    const sound = texts.flatMap((one) => {
      try {
        const { data } = read(one);
        return data?.kind === "scalar" ? [[one, data.value] as const] : [];
      } catch (error) {
        if (error instanceof ConversionError) return []; // the pieces happen to close it early
        throw error;
      }
    });
    assert.ok(sound.length > 100, `${sound.length} strings`);
    const list = `[ ${sound.map(([one]) => `(${one})`).join("\n")} ]`;
    const nix = execFileSync("nix-instantiate", ["--eval", "--strict", "--json", "-"], {
      input: list,
      encoding: "utf8",
    });
    assert.deepEqual(
      JSON.parse(nix),
      sound.map(([, value]) => value),
    );
  });
});

describe("the comparison by Nix", () => {
  it("tells data that says the same from data that does not", async function () {
    this.timeout(60_000);
    const text = `{ a.b = [ 1 2.5 "x" ]; imports = [ config.flake.modules.nixos.base ]; }`;
    const { data } = read(text);
    assert.ok(data !== undefined);
    const same = (body: string) => saysTheSame("/fleet", "a.nix", body, data, [], AbortSignal.timeout(60_000));
    assert.equal(await same(text), true);
    assert.equal(await same(text.replace("1 2.5", "1.0 2.5")), false);
    assert.equal(await same(text.replace('"x"', '"y"')), false);
  });
});
