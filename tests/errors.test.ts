import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "mocha";
import { HostUnreachableError } from "../deploy/errors.ts";
import { plainText } from "../errors.ts";

/** Sets the window's title, clears the screen, rewrites the line, and does it once more in single-byte codes. */
const hostile = "a\u001b]0;owned\u0007b\u001b[2Jc\rd\u009b2Je\u0000\u0085f";

describe("what others say", () => {
  it("loses what a terminal would obey, and keeps its lines", () => {
    assert.equal(plainText(hostile), "abc de  f");
    assert.equal(plainText("galena: \u202edeyortsed eb lliw\u2066 x"), "galena:  deyortsed eb lliw  x");
    assert.equal(plainText("error:\n\tin the way: ünïcode ✔"), "error:\n\tin the way: ünïcode ✔");
  });

  it("is plain in an error's message, and as it was in its facts", () => {
    const facts = { summary: "galena: no", expected: "words", found: hostile, at: "here", fix: "look" };
    const error = new HostUnreachableError(facts, "no");
    assert.match(error.message, /^ {2}found: {4}abc de {2}f$/m);
    assert.equal(error.facts.found, hostile);
  });

  it("is plain on the terminal", () => {
    const say = `const { processTerminal } = await import("./cli/terminal.ts"); const { tell, answer } = processTerminal();
      tell(${JSON.stringify(hostile)}); answer(${JSON.stringify(hostile)});`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", say], { encoding: "utf8" });
    assert.deepEqual([stdout, stderr], ["abc de  f\n", "abc de  f\n"]);
  });
});
