import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { parseNixLogLine } from "../../local-nix/nix-log.ts";

// Recorded from `nix build --log-format internal-json` of Nix 2.26.3.
describe("a line of Nix's internal-json log", () => {
  it("tells of a build, its log and its end", () => {
    const start = `@nix {"action":"start","fields":["/nix/store/apnf2fgz41i8i2cx0ninail7gkl0vsdi-f.drv","",1,1],"id":7,"level":3,"parent":0,"text":"building","type":105}`;
    assert.deepEqual(parseNixLogLine(start), {
      kind: "build-started",
      activity: 7,
      derivation: "/nix/store/apnf2fgz41i8i2cx0ninail7gkl0vsdi-f.drv",
    });
    assert.deepEqual(parseNixLogLine(`@nix {"action":"result","fields":["b"],"id":7,"type":101}`), {
      kind: "build-log",
      activity: 7,
      line: "b",
    });
    assert.deepEqual(parseNixLogLine(`@nix {"action":"stop","id":7}`), { kind: "stopped", activity: 7 });
  });

  it("tells how far builds and downloads are", () => {
    assert.deepEqual(parseNixLogLine(`@nix {"action":"result","fields":[1,4,1,0],"id":9,"type":105}`), {
      kind: "progress",
      activity: 9,
      done: 1,
      expected: 4,
    });
    assert.deepEqual(parseNixLogLine(`@nix {"action":"result","fields":[101,2048],"id":9,"type":106}`), {
      kind: "expected-download",
      bytes: 2048,
    });
  });

  it("is a message without colours", () => {
    const line = `@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"\\u001b[31;1merror:\\u001b[0m x"}`;
    assert.deepEqual(parseNixLogLine(line), { kind: "message", level: 0, text: "error: x" });
  });

  it("is a message when somebody else wrote it", () => {
    assert.deepEqual(parseNixLogLine("ssh: connect to host x port 22"), {
      kind: "message",
      level: 3,
      text: "ssh: connect to host x port 22",
    });
    assert.deepEqual(parseNixLogLine("@nix {broken"), { kind: "message", level: 3, text: "@nix {broken" });
  });

  it("is passed over when a later Nix writes what is not known yet", () => {
    assert.deepEqual(parseNixLogLine(`@nix {"action":"dance","id":1}`), { kind: "other" });
    assert.deepEqual(parseNixLogLine(`@nix {"action":"start","id":1,"type":4711}`), { kind: "other" });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `@nix ${json}`),
        ),
        (line) => {
          assert.equal(typeof parseNixLogLine(line).kind, "string");
        },
      ),
    );
  });
});
