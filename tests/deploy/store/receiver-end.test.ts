import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { lastWords, ReceiverEnd } from "../../../deploy/store/receiver-end.ts";

describe("the end of a receiver", () => {
  it("is worth another one where a signal brought it, and not where Nix gave up", () => {
    const ends = [undefined, 134, 137, 139, 143, 0, 1, 100, 127, 255];
    const killed = ends.filter((code) => new ReceiverEnd(code, "").killed);
    assert.deepEqual(killed, [undefined, 134, 137, 139, 143]);
  });

  it("is told in Nix' own words", () => {
    assert.equal(
      lastWords("trace: …\nerror: first\n\u001b[31merror:\u001b[0m no space left\n"),
      "error: no space left",
    );
    assert.equal(lastWords("Segmentation fault\n"), "Segmentation fault");
  });
});
