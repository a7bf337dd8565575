import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Places } from "../../local-nix/places.ts";

describe("places", () => {
  it("are never taken by more than there are, whoever ends first, and in the order in which they are asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 3 }), fc.nat(8), async (scheduler, count, users) => {
        const places = new Places(count);
        const begun: number[] = [];
        let [now, most] = [0, 0];
        const use = async (_: unknown, user: number): Promise<void> => {
          using _place = await places.take(new AbortController().signal);
          begun.push(user);
          now += 1;
          most = Math.max(most, now);
          await scheduler.schedule(Promise.resolve());
          now -= 1;
        };
        await scheduler.waitFor(Promise.all(Array.from({ length: users }, use)));
        assert.deepEqual([now, most], [0, Math.min(count, users)]);
        assert.deepEqual(begun, [...Array(users).keys()]);
      }),
    );
  });

  it("are not waited for any more by who gives up, and go to the next one", async () => {
    const places = new Places(1);
    const first = await places.take(new AbortController().signal);
    const impatient = new AbortController();
    const given = places.take(impatient.signal);
    const next = places.take(new AbortController().signal);
    impatient.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    first[Symbol.dispose]();
    (await next)[Symbol.dispose]();
    (await places.take(new AbortController().signal))[Symbol.dispose]();
  });
});
