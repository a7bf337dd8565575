import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { renderComponents } from "../../../scripts/docs/components.ts";
import { readDeclarations } from "../../../scripts/docs/read-members.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/components.md", () => {
  it("says what the classes say of themselves", async () => {
    const written = await readFile(join(root, "docs/components.md"), "utf8");
    assert.equal(written, await renderComponents(root), "run: node scripts/docs/components.ts");
  });

  it("gives every argument and output a meaning", async () => {
    const rows = (await renderComponents(root)).split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 40, `${rows.length} rows`);
    assert.deepEqual(
      rows.filter((row) => row.endsWith("|  |")),
      [],
    );
  });

  it("has every resource that the package exports", async () => {
    const entry = await readFile(join(root, "pulumi-clan.ts"), "utf8");
    const files = [...entry.matchAll(/^export \{.*"\.\/((?:components|providers)\/[\w-]+\.ts)";$/gm)].map(
      ([, file = ""]) => file,
    );
    const page = await renderComponents(root);
    for (const file of files) {
      const text = await readFile(join(root, file), "utf8");
      if (/^export class \w+ extends (?:pulumi\.ComponentResource|StoredResource)/m.test(text))
        assert.ok(page.includes(`Source: \`${file}\`.`), file);
    }
  });
});

describe("the reader of declarations", () => {
  it("gives names, types and comments, and of a class what is public", () => {
    const [args, made, schema] = readDeclarations(
      "example.ts",
      `
/** What it is made of. */
export interface Args {
  /** How many,
   *  at least 1. @internal */
  readonly count?: number;
  readonly name: string;
}
export class Made {
  /** The sum. */
  declare readonly sum: Output<number>;
  readonly #kept = 1;
  private hidden = 2;
}
export const shape = z.strictObject({
  /** Unix seconds. */
  at: z.int(),
});
`,
    );
    assert.equal(args?.meaning, "What it is made of.");
    assert.deepEqual(args.members, [
      { name: "count", isOptional: true, type: "number", meaning: "How many, at least 1." },
      { name: "name", isOptional: false, type: "string", meaning: "" },
    ]);
    assert.deepEqual(made?.members, [{ name: "sum", isOptional: false, type: "Output<number>", meaning: "The sum." }]);
    assert.deepEqual(schema?.members, [{ name: "at", isOptional: false, type: "z.int()", meaning: "Unix seconds." }]);
  });
});
