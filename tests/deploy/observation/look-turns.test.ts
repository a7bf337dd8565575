import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { LookTurns } from "../../../deploy/observation/look-turns.ts";

const forever = (): AbortSignal => new AbortController().signal;

describe("turns of looks", () => {
  it("are so many at a time, in the order in which they were asked for", async () => {
    const sizes = fc.record({ atOnce: fc.integer({ min: 1, max: 5 }), askers: fc.integer({ min: 1, max: 30 }) });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), sizes, async (scheduler, { atOnce, askers }) => {
        const turns = new LookTurns(atOnce);
        const begun: number[] = [];
        let [now, most] = [0, 0];
        const all = Array.from({ length: askers }, async (_, index) => {
          using _turn = await turns.take(forever());
          begun.push(index);
          most = Math.max(most, ++now);
          await scheduler.schedule(Promise.resolve());
          now--;
        });
        await scheduler.waitFor(Promise.all(all));
        assert.equal(most, Math.min(atOnce, askers));
        assert.deepEqual(
          begun,
          begun.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it("go to the next one when whoever waits gives up", async () => {
    const turns = new LookTurns(1);
    const first = await turns.take(forever());
    const impatient = new AbortController();
    const [second, third] = [turns.take(impatient.signal), turns.take(forever())];
    impatient.abort(new Error("no more"));
    await assert.rejects(second, /^Error: no more$/);
    first[Symbol.dispose]();
    (await third)[Symbol.dispose]();
    await assert.rejects(turns.take(AbortSignal.abort(new Error("before"))), /^Error: before$/);
    (await turns.take(forever()))[Symbol.dispose]();
  });
});
