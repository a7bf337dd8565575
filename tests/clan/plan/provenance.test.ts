import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  atDepth,
  decodeProvenance,
  digestOf,
  encodeProvenance,
  isProvenanceOf,
  type Provenance,
} from "../../../clan/plan/provenance.ts";
import { declared, old } from "../../deploy/support/facts.ts";

const made: Provenance = {
  files: { "fleet.ts": "aaaa", "modules/nixos/base/nix.ts": "bbbb", "modules/nixos/base/time.ts": "cccc" },
  entries: ["nixos/base"],
  tags: ["all", "nixos"],
  roles: ["sshd/server"],
  instances: { sshd: "ddddeeee" },
  inputs: { nixpkgs: "1a2b3c4" },
};

/** As many files as a large fleet's machine has. */
const many = (count: number): Provenance => ({
  ...made,
  files: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `modules/area-${index % 7}/part-${index % 31}/file-${index}.ts`,
      digestOf(`${index}`),
    ]),
  ),
});

/** What fits into a state. */
const encoded = (of: string, provenance: Provenance): string =>
  encodeProvenance(of, provenance) ?? assert.fail("too long");

describe("the provenance in a machine's state", () => {
  it("is read back as it was", () => {
    const stored = decodeProvenance(encoded(declared, made));
    assert.deepEqual(stored, { of: "1".repeat(32), depth: null, made });
  });

  it("says whose it is", () => {
    const stored = decodeProvenance(encoded(declared, made)) ?? assert.fail();
    assert.deepEqual([isProvenanceOf(stored, declared), isProvenanceOf(stored, old)], [true, false]);
  });

  it("stays short, however many files a machine is made of: then it names their folders", () => {
    for (const count of [10, 200, 2_000]) {
      const text = encoded(declared, many(count));
      assert.ok(text.length <= 1_600, `${count} files: ${text.length} characters`);
      const { depth, made: stored } = decodeProvenance(text) ?? assert.fail();
      assert.deepEqual(stored, atDepth(many(count), depth));
    }
  });

  it("is not kept where names alone are too many: then it is not known why", () => {
    const entries = (count: number) => Array.from({ length: count }, (_, index) => `nixos/${digestOf(`${index}`)}`);
    assert.ok(encodeProvenance(declared, { ...made, entries: entries(500) }));
    assert.equal(encodeProvenance(declared, { ...made, entries: entries(3_000) }), undefined);
  });

  it("tells of a folder that a file in it changed, came or went", () => {
    const paths = fc.constantFrom("a/b/c.ts", "a/b/d.ts", "a/e.ts", "f/g/h/i.ts", "j.ts");
    const files = fc.dictionary(paths, fc.constantFrom("aaaa", "bbbb"));
    fc.assert(
      fc.property(files, files, fc.integer({ min: 1, max: 4 }), (before, after, depth) => {
        const folded = (all: Record<string, string>) =>
          JSON.stringify(Object.entries(atDepth({ ...made, files: all }, depth).files).sort());
        const same = JSON.stringify(Object.entries(before).sort()) === JSON.stringify(Object.entries(after).sort());
        assert.equal(folded(before) === folded(after), same);
      }),
    );
  });

  it("is nothing where the text is another version's, cut off or nobody's", () => {
    const text = encoded(declared, made);
    for (let cut = 0; cut < text.length; cut += 7) assert.equal(decodeProvenance(text.slice(0, cut)), undefined);
    fc.assert(fc.property(fc.string(), (other) => decodeProvenance(other) === undefined));
  });
});
