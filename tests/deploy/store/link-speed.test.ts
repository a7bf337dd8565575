import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { connect } from "../../../deploy/ssh/connect.ts";
import { isFast, measureLinkSpeed } from "../../../deploy/store/link-speed.ts";
import { startTestServer } from "../support/ssh-server.ts";

describe("the way to a host is measured", () => {
  const signal = (): AbortSignal => AbortSignal.timeout(25_000);

  it("as slow where the host starts no shell in time: that is no reason against a push", async () => {
    await using server = await startTestServer({ onExec: () => undefined });
    await using host = await connect(server.spec(), () => undefined, signal());
    const { bytesPerSecond, roundTripMs } = await measureLinkSpeed(host, signal(), 200);
    assert.equal(isFast(bytesPerSecond), false);
    assert.ok(roundTripMs >= 25, "a long way");
  });

  it("only as long as the caller wants", async () => {
    await using server = await startTestServer({ onExec: () => undefined });
    await using host = await connect(server.spec(), () => undefined, signal());
    const reason = new Error("stopped by request");
    await assert.rejects(measureLinkSpeed(host, AbortSignal.abort(reason), 200), reason);
  });
});
