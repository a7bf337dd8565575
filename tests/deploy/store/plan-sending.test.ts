import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { planSending, type SendingFacts, type SendingPlan } from "../../../deploy/store/plan-sending.ts";
import { info } from "./support/paths.ts";

const mebibyte = 2 ** 20;
const lan = { bytesPerSecond: 80e6, roundTripMs: 3 };
const farAndWide = { bytesPerSecond: 2.6e6, roundTripMs: 55 };
const nearAndNarrow = { bytesPerSecond: 9e6, roundTripMs: 22 };
const modem = { bytesPerSecond: 2.6e6, roundTripMs: 24 };
const large = ["a", "b", "c", "d"].map((name, index) => info(name, [], (index + 1) * 20 * mebibyte));
const tools = { zstd: "/bin/zstd", gzip: "/bin/gzip" };

function plan(facts: Partial<SendingFacts>): SendingPlan {
  return planSending({
    missing: large,
    link: lan,
    tools,
    protocol: "serve",
    backEnd: "ssh2",
    compress: "auto",
    channels: 4,
    ...facts,
  });
}

describe("how a push goes", () => {
  it("sends bytes as they are where the way is faster than the compressor", () => {
    assert.equal(plan({ link: lan }).encoding.kind, "plain");
    assert.equal(plan({ link: undefined }).encoding.kind, "plain", "nobody could measure");
  });

  it("compresses on any other way, what is more than a little", () => {
    for (const link of [farAndWide, nearAndNarrow]) {
      const levels = link === farAndWide ? { level: 2, lowest: 2 } : { level: 5, lowest: 3 };
      assert.deepEqual(plan({ link }).encoding, { kind: "zstd", tool: "/bin/zstd", ...levels });
      assert.equal(plan({ link, missing: [info("a", [], 2 ** 16)] }).encoding.kind, "plain");
      assert.equal(plan({ link, compress: "never" }).encoding.kind, "plain");
      assert.equal(plan({ link, protocol: "worker" }).encoding.kind, "plain", "a daemon wants to hear at once");
    }
    assert.deepEqual(plan({ compress: "always" }).encoding, { kind: "zstd", tool: "/bin/zstd", level: 3, lowest: 2 });
  });

  it("takes gzip where the host has no zstd, and the link is slower than gzip", () => {
    const only = { gzip: "/bin/gzip" };
    assert.deepEqual(plan({ tools: only, link: modem }).encoding, { kind: "gzip", tool: "/bin/gzip" });
    assert.equal(plan({ tools: only, link: nearAndNarrow }).encoding.kind, "plain");
    assert.equal(plan({ tools: only, link: lan, compress: "always" }).encoding.kind, "gzip");
    assert.equal(plan({ tools: {}, link: modem }).encoding.kind, "plain");
  });

  it("lets OpenSSH's client carry what is large on a fast way, where ssh2's CPU time is the limit", () => {
    const { channels, further } = plan({ link: lan });
    assert.deepEqual([channels, further?.backEnd, further?.connections, further?.channels], [1, "openssh", 1, 2]);
    assert.ok(further?.handsOver, "and the first connection leaves it to OpenSSH's");
    const larger = large.map((path) => ({ ...path, narSize: 250 * mebibyte }));
    assert.equal(plan({ link: lan, missing: larger }).further?.channels, 4, "a receiver for each so many bytes");
    assert.equal(plan({ link: lan, backEnd: "openssh" }).further, undefined, "it does already");
    const few = large.slice(0, 2);
    assert.equal(plan({ link: lan, missing: few }).further, undefined, "its start costs more than it saves");
  });

  it("opens further connections on a long way, where the window of one is the limit", () => {
    for (const backEnd of ["ssh2", "openssh"] as const) {
      const { further } = plan({ link: farAndWide, backEnd });
      assert.deepEqual([further?.backEnd, further?.connections, further?.channels], [backEnd, 2, 2]);
      assert.ok(!further?.handsOver, "the first one's window counts, too");
    }
    assert.equal(plan({ link: nearAndNarrow }).further, undefined);
    assert.equal(plan({ link: nearAndNarrow }).channels, 2, "of one connection, whose window is wide enough");
  });

  it("opens none for what is soon sent, nor for a single path, nor where one channel was asked for", () => {
    const little = large.map((path) => ({ ...path, narSize: 4 * mebibyte }));
    const single = [info("a", [], 400 * mebibyte)];
    for (const link of [lan, farAndWide]) {
      assert.deepEqual(plan({ link, missing: little }).further, undefined);
      assert.deepEqual(plan({ link, missing: little }).channels, 4);
      assert.equal(plan({ link, missing: single }).further, undefined);
      assert.equal(plan({ link, channels: 1 }).further, undefined);
    }
  });
});
