import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  isAsDeclared,
  noFacts,
  type Outcome,
  outcomeFacts,
  outcomeSchema,
  renderOutcome,
} from "../../deploy/outcome.ts";
import { declared, hostFacts, old, transaction, wanted } from "./support/facts.ts";

const facts = {
  ...noFacts,
  previous: old,
  current: declared,
  profile: declared,
  generation: 43,
  committed: true,
  pushedBytes: 12_345_678,
  seconds: { push: 4, test: 0.1 },
};
const outcome = (changes: Partial<Outcome>): Outcome => ({ kind: "switched", machine: "galena", facts, ...changes });

describe("outcome", () => {
  it("is one line", () => {
    const failed = { ...facts, newlyFailed: [{ unit: "db.service", journal: [] }] };
    const cases: readonly (readonly [Partial<Outcome>, string])[] = [
      [{}, "galena: switched to 1111111-nixos-system-galena, generation 43 (12.3 MB in 4.1 s)"],
      [
        { facts: { ...facts, savedBytes: 11_000_000 } },
        "galena: switched to 1111111-nixos-system-galena, generation 43 (12.3 MB, 11.0 MB of it saved by differences, in 4.1 s)",
      ],
      [{ kind: "unchanged" }, "galena: unchanged, 1111111-nixos-system-galena, generation 43"],
      [
        { kind: "switched-with-failed-units", facts: failed },
        "galena: switched to 1111111-nixos-system-galena, generation 43, failed units: db.service (12.3 MB in 4.1 s)",
      ],
      [
        { kind: "switched-with-failed-units", facts: { ...failed, committed: false } },
        "galena: switched to 1111111-nixos-system-galena, NOT committed, failed units: db.service (12.3 MB in 4.1 s)",
      ],
      [{ kind: "unreachable", reason: "connect ETIMEDOUT", facts: noFacts }, "galena: unreachable: connect ETIMEDOUT"],
    ];
    for (const [changes, line] of cases) assert.equal(renderOutcome(outcome(changes)), line);
  });

  it("is as declared only when it survives a reboot", () => {
    const kinds = [
      "unchanged",
      "switched",
      "switched-with-failed-units",
      "refused",
      "superseded",
      "interrupted",
    ] as const;
    assert.deepEqual(
      kinds.filter((kind) => isAsDeclared(outcome({ kind }))),
      kinds.slice(0, 3),
    );
    assert.ok(!isAsDeclared(outcome({ kind: "switched-with-failed-units", facts: { ...facts, committed: false } })));
  });

  it("is plain JSON that reads back the same", () => {
    assert.deepEqual(
      outcomeSchema.parse(JSON.parse(JSON.stringify(outcome({ reason: "x" })))),
      outcome({ reason: "x" }),
    );
  });

  it("takes its facts from the host, and says nothing it does not know", () => {
    const before = hostFacts({ failedUnits: ["old.service"] });
    const lost = outcomeFacts({ wanted, facts: before, after: undefined, seconds: {} });
    assert.deepEqual([lost.previous, lost.current, lost.profile, lost.committed], [old, null, null, false]);
    const after = hostFacts({
      current: declared,
      profile: declared,
      generation: 8,
      boot: { ...before.boot, toplevel: declared },
    });
    const known = outcomeFacts({
      wanted,
      facts: before,
      after,
      transaction: transaction(),
      exitCode: 4,
      seconds: {},
    });
    assert.deepEqual([known.committed, known.bootable, known.generation, known.exitCode], [true, "verified", 8, 4]);
    assert.deepEqual(known.failedBefore, [], "the transaction's snapshot, not the retry's");
  });
});
