import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseHostClosures } from "../../../deploy/observation/host-closures.ts";
import { declared, foreign, old } from "../support/facts.ts";

const lines = (...values: readonly string[]): string => values.map((line) => `${line}\n`).join("");
const closure = [`path\t${old}`, `path\t${foreign}`, "size\t100", "size\t250", "closure-end"];

describe("what a host has of two closures", () => {
  it("is the closure that runs, with sizes, what it lacks of the other, and what it booted", () => {
    const kernel = "/nix/store/00000000000000000000000000000000-linux-6.12.8/bzImage";
    const booted = [`booted.path\t${old}`, `booted.kernel\t${kernel}`, "booted.initrd\t"];
    const text = lines(...booted, `missing\t${declared}`, "missing-end", ...closure);
    const answer = parseHostClosures(text, [declared, old]);
    assert.deepEqual(answer.closure, [
      { path: old, narSize: 100 },
      { path: foreign, narSize: 250 },
    ]);
    assert.deepEqual(answer.missing, new Set([declared]));
    assert.deepEqual([answer.booted?.kernel, answer.booted?.initrd, answer.running], [kernel, null, undefined]);
  });

  it("is not known where the host did not come to the end of it", () => {
    const cut = parseHostClosures(lines(...closure.slice(0, -1), `missing\t${declared}`), [declared]);
    assert.deepEqual([cut.closure, cut.missing], [undefined, undefined]);
    const without = parseHostClosures(lines(...closure.filter((line) => line !== "size\t250")), []);
    assert.equal(without.closure, undefined);
    const odd = parseHostClosures(lines("path\t/etc/passwd", "size\t1", "closure-end"), []);
    assert.equal(odd.closure, undefined);
    const negative = parseHostClosures(lines(`path\t${old}`, "size\t-1", "closure-end"), []);
    assert.equal(negative.closure, undefined);
  });

  it("lacks nothing that it was not asked about, whatever it says", () => {
    assert.deepEqual(parseHostClosures(lines(`missing\t${foreign}`, "missing-end"), [declared]).missing, new Set());
  });
});
