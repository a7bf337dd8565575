import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readFleet } from "../../clan/read-fleet.ts";
import { FleetError } from "../../errors.ts";
import { failure, lines } from "./support/reading.ts";

describe("fleet.ts", () => {
  it("must be there", async () => {
    await assert.rejects(readFleet("/nonexistent"), (error) => {
      assert.ok(error instanceof FleetError);
      assert.equal(
        error.message,
        lines(
          "/nonexistent: no fleet here",
          "  expected: a fleet.ts whose default export is defineFleet({ … })",
          "  found:    no such file",
          "  at:       /nonexistent/fleet.ts",
          "  fix:      go to the fleet's folder, or name it: fleet --dir <folder> …; an existing flake: fleet --flake <ref> …",
        ),
      );
      return true;
    });
  });

  it("must export a fleet", async () => {
    assert.equal(
      await failure({ "fleet.ts": "export const fleet = {};\n" }),
      lines(
        "fleet.ts: its default export is no fleet",
        "  expected: export default defineFleet({ name, inputs, systems, imports })",
        "  found:    no default export",
        "  at:       fleet.ts",
        '  fix:      import { defineFleet } from "pulumi-clan/author" and export what it returns',
      ),
    );
  });

  it("must have the keys of a fleet, and no others", async () => {
    const text =
      'export default {\n  name: "small",\n  inputs: { a: { uri: "x" } },\n  systems: ["x86_64-linux"],\n  import: [],\n};\n';
    assert.equal(
      await failure({ "fleet.ts": text }),
      lines(
        "fleet.ts: inputs.a.url is missing",
        "  expected: string",
        "  found:    nothing",
        "  at:       fleet.ts:3",
        "  fix:      state it",
        "",
        "fleet.ts: inputs.a.uri: there is no such key",
        "  expected: one of url, follows, flake",
        "  found:    uri",
        "  at:       fleet.ts:3",
        '  fix:      did you mean "url"?',
        "",
        "fleet.ts: imports is missing",
        "  expected: array",
        "  found:    nothing",
        "  at:       fleet.ts",
        "  fix:      state it",
        "",
        "fleet.ts: import: there is no such key",
        "  expected: one of name, description, inputs, systems, imports, registry, nixConfig",
        "  found:    import",
        "  at:       fleet.ts:5",
        '  fix:      did you mean "imports"?',
      ),
    );
  });

  it("must load", async () => {
    assert.equal(
      await failure({ "fleet.ts": 'const name = "small";\nthrow new Error("no name");\n' }),
      lines(
        "fleet.ts: the module's code threw",
        "  expected: code that returns",
        "  found:    Error: no name",
        "  at:       fleet.ts:2",
        "  fix:      correct the code at that line",
      ),
    );
  });
});
