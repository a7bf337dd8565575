import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { UnderWay } from "../../stack/under-way.ts";
import type { Work } from "../../trace.ts";

/** Works that began a second after one another, seen ten seconds after the first. */
function seenAfter(...works: readonly Work[]): string | undefined {
  const underWay = new UnderWay();
  for (const [second, work] of works.entries()) underWay.observe({ kind: "began", work }, second * 1000);
  return underWay.words(10_000);
}

const phase = (what: string, subject?: string): Work => ({
  kind: "phase",
  what,
  ...(subject === undefined ? {} : { subject }),
});

describe("what is under way", () => {
  it("is told with its age, the oldest first, and no more than three of them", () => {
    assert.equal(
      seenAfter(phase("push", "galena"), phase("test", "scheelite")),
      "galena: push (10 s), scheelite: test (9 s)",
    );
    assert.equal(
      seenAfter(...["a", "b", "c", "d", "e"].map((machine) => phase("connect", machine))),
      "a: connect (10 s), b: connect (9 s), c: connect (8 s), 2 more",
    );
  });

  it("is of one machine the innermost phase, and of the whole run a phase only where no machine has one", () => {
    assert.equal(seenAfter(phase("test", "galena"), phase("health", "galena")), "galena: health (9 s)");
    assert.equal(seenAfter(phase("evaluate")), "evaluate (10 s)");
    assert.equal(seenAfter(phase("look at hosts"), phase("look", "galena")), "galena: look (9 s)");
  });

  it("is a program or a host's answer where no phase says what it is for", () => {
    const nix: Work = { kind: "process", what: "nix --extra-experimental-features 'nix-command flakes' eval --json" };
    const host: Work = { kind: "ssh", subject: "galena", what: "facts" };
    assert.equal(seenAfter(nix), "nix eval (10 s)");
    assert.equal(seenAfter(host), "galena: facts (10 s)");
    assert.equal(seenAfter(nix, host, phase("evaluate")), "evaluate (8 s)");
  });

  it("is nothing once all has ended, and an end that nobody saw begin is none", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5))), (events) => {
        const works = ["a", "b", "c", "d", "e", "f"].map((machine) => phase("push", machine));
        const underWay = new UnderWay();
        const open = new Set<Work>();
        for (const [begins, index] of events) {
          const work = works[index] ?? phase("none");
          underWay.observe(begins ? { kind: "began", work } : { kind: "ended", work, seconds: 1, result: "" }, 0);
          if (begins) open.add(work);
          else open.delete(work);
        }
        assert.equal(underWay.words(0) === undefined, open.size === 0);
      }),
    );
  });
});
