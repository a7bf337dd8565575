import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, it } from "mocha";
import ts from "typescript";
import { findList, findObject, parseSource } from "../../../clan/authoring/find-literal.ts";
import { addAttribute, addElement, applyEdits } from "../../../clan/authoring/source-edit.ts";
import { printWritten, type Written } from "../../../clan/authoring/typescript-value.ts";

function add(text: string, path: readonly string[], name: string, value: Written): string {
  const source = parseSource("a.ts", text);
  const object = findObject(source, path);
  assert.ok(object);
  return applyEdits(text, [addAttribute(source, object, name, value)]);
}

function addTo(text: string, path: readonly string[], value: Written): string {
  const source = parseSource("a.ts", text);
  const list = findList(source, path);
  assert.ok(list);
  return applyEdits(text, [addElement(source, list, value)]);
}

/** What a file exports by default, where that is data. */
function exported(text: string): unknown {
  // Another realm has another Object: through JSON the prototypes are ours.
  return JSON.parse(runInNewContext(`JSON.stringify(${text.replace("export default ", "").trim().replace(/;$/, "")})`));
}

describe("an edit of a source", () => {
  it("gives an object of several lines a line more, after its last comma and comment", () => {
    assert.equal(
      add("export default {\n  a: 1, // one\n  b: 2, /* two */ // too\n};\n", [], "c", { d: true }),
      "export default {\n  a: 1, // one\n  b: 2, /* two */ // too\n  c: { d: true },\n};\n",
    );
    assert.equal(
      add("export default {\n\ta: [\n\t\t1\n\t]\n}\n", [], "b-c", "x"),
      'export default {\n\ta: [\n\t\t1\n\t],\n\t"b-c": "x",\n}\n',
    );
    assert.equal(
      add("export default {\n  // nothing yet\n};\n", [], "a", 1),
      "export default {\n  // nothing yet\n  a: 1,\n};\n",
    );
  });

  it("keeps an object on its line where it fits, and breaks what begins on the line otherwise", () => {
    assert.equal(add("export default { a: {} };\n", ["a"], "b", {}), "export default { a: { b: {} } };\n");
    assert.equal(addTo('export default { a: ["x"] };\n', ["a"], "y"), 'export default { a: ["x", "y"] };\n');
    const long = (count: number): string => `"${"m".repeat(count)}"`;
    assert.equal(
      add(`export default {\n  a: { b: { c: ${long(60)} }, d: 1 },\n};\n`, ["a", "b"], "e", "n".repeat(50)),
      `export default {
  a: {
    b: {
      c: ${long(60)},
      e: "${"n".repeat(50)}",
    },
    d: 1,
  },
};
`,
    );
  });

  const layouts = [undefined, 1, 2, 4, "\t"];
  const name = fc.oneof(fc.constantFrom("a", "b-c", "users/x", "if", "ünï"), fc.string({ minLength: 1, maxLength: 9 }));
  const value = fc.letrec<{ value: Written; list: Written[]; object: Record<string, Written> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 30 }),
      fc.integer(),
      fc.boolean(),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  }));

  it("changes the data as it says, and nothing before and after it", () => {
    const before = "import { x } from 'y' // kept\n\n/* also kept */\n";
    fc.assert(
      fc.property(value.object, name, value.value, fc.constantFrom(...layouts), (object, added, put, layout) => {
        fc.pre(!JSON.stringify(object).includes("__proto__")); // as JSON has it, JavaScript would not take it for an attribute
        const isNumber = /^\d+$/.test(added); // JavaScript moves those to the front
        fc.pre(!Object.hasOwn(object, added) && !isNumber);
        const text = `${before}export default ${JSON.stringify(object, null, layout)}\n// the end`;
        const edited = add(text, [], added, put);
        assert.ok(edited.startsWith(`${before}export default `) && edited.endsWith("\n// the end"));
        const data = edited.slice(before.length, -"// the end".length);
        assert.deepEqual(exported(data), JSON.parse(JSON.stringify({ ...object, [added]: put })));
      }),
      { numRuns: 500 },
    );
  });

  it("can be made again and again, at any depth", () => {
    fc.assert(
      fc.property(fc.array(value.value, { maxLength: 8 }), fc.boolean(), (values, wide) => {
        let text = wide ? "export default { a: { b: [] } };\n" : "export default {\n  a: {\n    b: [],\n  },\n};\n";
        for (const one of values) text = addTo(text, ["a", "b"], one);
        assert.deepEqual(exported(text), JSON.parse(JSON.stringify({ a: { b: values } })));
        const lines = text.split("\n").filter((line) => !/"/.test(line));
        assert.ok(
          lines.every((line) => line.length <= 120),
          text,
        );
      }),
    );
  });

  it("prints values that mean themselves", () => {
    fc.assert(
      fc.property(value.value, fc.nat(100), (one, column) => {
        const printed = printWritten(one, { indent: "", column, unit: "  " });
        const source = ts.createSourceFile("a.ts", `export default ${printed}`, ts.ScriptTarget.Latest);
        assert.equal(source.statements.length, 1);
        assert.deepEqual(exported(`export default [${printed}]`), [JSON.parse(JSON.stringify(one))]);
      }),
      { examples: [[{ ["__proto__"]: [{ ["__proto__"]: 1 }] }, 0]] },
    );
  });
});
