// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Nix's interpolation, written in JavaScript strings
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { TreePathError } from "../../../composition/body/errors.ts";
import { file, NixFile, nixFile, TreePath } from "../../../composition/body/tree-path.ts";
import { NotNixDataError } from "../../../composition/nix-text/errors.ts";
import { printNix } from "../../../composition/nix-text/print-nix.ts";

const here = import.meta.dirname;

describe("paths of the tree", () => {
  it("lie beside the file that names them", () => {
    assert.equal(file("./tree-path.test.ts").path, join(here, "tree-path.test.ts"));
    assert.equal(file("../body").path, here);
    assert.ok(nixFile("./tree-path.test.ts") instanceof NixFile);
  });

  it("are refused where nothing is, at the line that names them", () => {
    const error = thrownBy(() => file("./secrets/none.yaml"));
    assert.equal(error.facts.summary, 'file("./secrets/none.yaml"): there is no such file');
    assert.match(error.facts.expected, /tests\/composition\/body\/secrets\/none\.yaml$/);
    assert.match(error.facts.at, /tests\/composition\/body\/tree-path\.test\.ts:\d+$/);
  });

  it("are refused unless they are relative", () => {
    for (const path of ["/etc/passwd", "x.nix", "~/x", ""])
      assert.ok(
        thrownBy(() => nixFile(path)),
        path,
      );
  });

  it("are printed relative to the emitted file", () => {
    const print = (path: string): string =>
      printNix(new TreePath(path, undefined), {
        root: "/fleet",
        folder: "/fleet/nix/entries",
        modules: "",
        at: "a.ts:1",
      });
    assert.equal(print("/fleet/modules/x.yaml"), "../../modules/x.yaml");
    assert.equal(print("/fleet/nix/entries/a.nix"), "./a.nix");
    assert.equal(print("/fleet"), "../..");
    assert.equal(print("/fleet/nix"), "../.");
    assert.equal(print("/fleet/nix/entries"), "./.");
    assert.equal(print("/fleet/modules/my key.yaml"), '(../../modules/. + "/my key.yaml")');
    assert.equal(print("/fleet/modules/@a/${b}"), '(../../modules/. + "/@a/\\${b}")');
    assert.throws(() => print("/etc/passwd"), NotNixDataError);
  });
});

function thrownBy(action: () => unknown): TreePathError {
  try {
    action();
  } catch (error) {
    if (error instanceof TreePathError) return error;
    throw error;
  }
  return assert.fail("nothing was thrown");
}
