import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { findList, findObject, findStated, parseSource, referenceText } from "../../../clan/authoring/find-literal.ts";

const found = (text: string, ...path: string[]): string | undefined =>
  findStated(parseSource("a.ts", text), path)?.getText();

describe("what a file writes out", () => {
  it("is found through flakeModule, functions, constants and `config`", () => {
    assert.equal(found("export default flakeModule({ clan: { machines: { a: 1 } } });", "clan", "machines", "a"), "1");
    assert.equal(found("export default flakeModule(({ config }) => ({ clan: { a: 2 } }));", "clan", "a"), "2");
    assert.equal(
      found("export default ({ lib }) => {\n  const a = [3];\n  return { config: { clan: { a } } };\n};", "clan", "a"),
      "[3]",
    );
    assert.equal(found('const common = { "a/b": (4 as number) };\nexport default { x: common };', "x", "a/b"), "4");
  });

  it("is not guessed where something else makes it", () => {
    assert.equal(findObject(parseSource("a.ts", "export default { a: make() };"), ["a"]), undefined);
    assert.equal(found("export default { ...others };", "a"), undefined);
    assert.equal(findList(parseSource("a.ts", "export default { a: b.concat([1]) };"), ["a"]), undefined);
    assert.equal(found("export const a = {};", "a"), undefined);
  });
});

describe("a reference to an entry", () => {
  const at = (text: string, className = "nixos", entry = "ssh-known-hosts"): string | undefined => {
    const object = findObject(parseSource("a.ts", text), ["here"]);
    assert.ok(object);
    return referenceText(object, className, entry);
  };

  it("begins with the nearest name that the file has for it", () => {
    assert.equal(
      at("export default flakeModule(({ config }) => ({ here: {} }));"),
      'config.flake.modules.nixos["ssh-known-hosts"]',
    );
    assert.equal(
      at("export default ({ config: c }) => ({ here: {} });", "nixos", "base"),
      "c.flake.modules.nixos.base",
    );
    const destructured =
      "export default flakeModule(({ config }) => {\n  const { modules } = config.flake;\n  const { nixos: n } = modules;\n  return { here: {} };\n});";
    assert.equal(at(destructured), 'n["ssh-known-hosts"]');
    assert.equal(at(destructured, "darwin", "base"), "modules.darwin.base");
    assert.equal(
      at("export default flakeModule(({ config: { flake: { modules: { nixos } } } }) => ({ here: {} }));"),
      'nixos["ssh-known-hosts"]',
    );
  });

  it("is none where nothing of the flake's config is in reach", () => {
    assert.equal(at("export default flakeModule({ here: {} });"), undefined);
    const hidden = "export default flakeModule(({ config }) => ({ here: ({ config }) => ({}) }));";
    const body = findStated(parseSource("a.ts", hidden), ["here"]);
    assert.ok(body);
    assert.equal(referenceText(body, "nixos", "base"), undefined);
  });
});
