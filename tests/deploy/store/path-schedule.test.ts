import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { PathInfo } from "../../../deploy/store/path-info.ts";
import { PathSchedule, planChannels } from "../../../deploy/store/path-schedule.ts";
import { graphs, info, path } from "./support/paths.ts";

describe("path schedule", () => {
  it("sends a path only when its references are acknowledged or ahead on the same channel, and every path once", () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat()), (paths, channels, random) => {
        const schedule = new PathSchedule(paths);
        const inFlight: PathInfo[][] = Array.from({ length: channels }, () => []);
        const acknowledged = new Set<string>();
        const sentOn = new Map<string, number>();
        const acknowledgeOne = (channel: number): void => {
          const oldest = inFlight[channel]?.shift();
          if (oldest === undefined) return;
          acknowledged.add(oldest.path);
          schedule.acknowledge(oldest.path);
        };
        while (schedule.left > 0) {
          const [channel, takes] = [(random.next().value ?? 0) % channels, (random.next().value ?? 0) % 3 > 0];
          const taken = takes ? schedule.take(channel) : undefined;
          if (taken === undefined) {
            acknowledgeOne(channel);
            continue;
          }
          assert.ok(!sentOn.has(taken.path), "sent twice");
          for (const reference of taken.references) {
            assert.ok(acknowledged.has(reference) || sentOn.get(reference) === channel, "sent before its reference");
          }
          sentOn.set(taken.path, channel);
          inFlight[channel]?.push(taken);
        }
        assert.equal(sentOn.size, paths.length);
      }),
    );
  });

  it("needs no answers on a single channel", () => {
    fc.assert(
      fc.property(graphs, (paths) => {
        const schedule = new PathSchedule(paths);
        for (let left = paths.length; left > 0; left--) assert.ok(schedule.take(0));
        assert.equal(schedule.take(0), undefined);
      }),
    );
  });

  it("goes on over one channel when all others have answered", () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat()), (paths, random) => {
        const schedule = new PathSchedule(paths);
        const other: PathInfo[] = [];
        for (let turn = 0; turn < 30; turn++) {
          const channel = (random.next().value ?? 0) % 2;
          const taken = schedule.take(channel);
          if (taken !== undefined && channel === 1) other.push(taken);
        }
        for (const { path } of other) schedule.acknowledge(path);
        while (schedule.left > 0) assert.ok(schedule.take(0), "stuck");
      }),
    );
  });

  it("keeps small paths to the first channel and spreads large ones", () => {
    const large = 2 ** 21;
    const schedule = new PathSchedule([info("a", []), info("b", [], large), info("c", ["b"]), info("d", [], large)]);
    assert.equal(schedule.take(1)?.path, path("b"));
    assert.equal(schedule.take(0)?.path, path("a"));
    assert.equal(schedule.take(1)?.path, path("c"), "its reference is ahead on this channel");
    assert.equal(schedule.take(2)?.path, path("d"));
    assert.equal(schedule.left, 0);
  });

  it("waits where references are under way on two channels", () => {
    const large = 2 ** 21;
    const schedule = new PathSchedule([info("a", [], large), info("b", [], large), info("c", ["a", "b"])]);
    assert.equal(schedule.take(0)?.path, path("a"));
    assert.equal(schedule.take(1)?.path, path("b"));
    assert.equal(schedule.take(0) ?? schedule.take(1), undefined);
    schedule.acknowledge(path("b"));
    assert.equal(schedule.take(1), undefined);
    assert.equal(schedule.take(0)?.path, path("c"));
  });

  it("plans a channel for every large path, up to the most that are wanted", () => {
    const large = 2 ** 21;
    assert.equal(planChannels([info("a", []), info("b", [])], 4), 1);
    assert.equal(planChannels([info("a", [], large), info("b", [], large)], 4), 2);
    assert.equal(
      planChannels(
        Array.from({ length: 9 }, (_, index) => info(index, [], large)),
        4,
      ),
      4,
    );
  });
});
