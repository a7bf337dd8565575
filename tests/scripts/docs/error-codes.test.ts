import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { before, describe, it } from "mocha";
import ts from "typescript";
import { readErrorCodes, renderErrorCodes } from "../../../scripts/docs/error-codes.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/errors.md", () => {
  it("says what the classes say", async () => {
    const written = await readFile(join(root, "docs/errors.md"), "utf8");
    assert.equal(written, renderErrorCodes(await readErrorCodes(root)), "run: node scripts/docs/error-codes.ts");
  });

  it("has every code that the sources use, each once", async () => {
    const texts = (await readSources()).map(({ text }) => text);
    const used = texts.flatMap((text) => [...text.matchAll(/code = "(FLEET_\w+)"/g)].map(([, code]) => code)).sort();
    assert.deepEqual(
      (await readErrorCodes(root)).map(({ code }) => code),
      used,
    );
  });
});

describe("an error of ours, wherever it is made", () => {
  let advice: readonly { readonly at: string; readonly text: string }[];
  before(async () => {
    advice = (await readSources()).flatMap(({ file, text }) => adviceIn(file, text));
  });

  it("says what to do, in more than a word", () => {
    assert.ok(advice.length > 150, `only ${advice.length} were found`);
    assert.deepEqual(
      advice.filter(({ text }) => !/\w+\W+\w+/.test(text)),
      [],
    );
  });
});

/** What is written out after `fix:` beside the other facts of an error; what is computed is tested where that is done. */
function adviceIn(file: string, text: string): { readonly at: string; readonly text: string }[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const found: { at: string; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const named = (name: string): ts.ObjectLiteralElementLike | undefined =>
        node.properties.find((one) => one.name?.getText(source) === name);
      const fix = named("fix");
      const isFacts = named("summary") !== undefined && named("expected") !== undefined;
      if (isFacts && fix !== undefined && ts.isPropertyAssignment(fix) && isText(fix.initializer)) {
        const { line } = source.getLineAndCharacterOfPosition(fix.getStart(source));
        found.push({ at: `${file}:${line + 1}`, text: fix.initializer.getText(source).slice(1, -1) });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node);
}

/** Everything but tests and what is installed: a room of tomorrow is one of them. */
async function readSources(): Promise<{ readonly file: string; readonly text: string }[]> {
  const isOther = (name: string): boolean => /^(?:\..*|node_modules|tests)$/.test(name);
  const files = await Array.fromAsync(glob("**/*.ts", { cwd: root, exclude: isOther }));
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(root, file), "utf8") })));
}
