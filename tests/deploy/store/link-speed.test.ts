import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "mocha";
import { connect } from "../../../deploy/ssh/connect.ts";
import { isFast, measureLinkSpeed, slowByLength } from "../../../deploy/store/link-speed.ts";
import { startTestServer } from "../support/ssh-server.ts";

describe("the way to a host is measured", () => {
  const signal = (): AbortSignal => AbortSignal.timeout(25_000);

  it("as slow where the host starts no shell in time: that is no reason against a push", async () => {
    await using server = await startTestServer({ onExec: () => undefined });
    await using host = await connect(server.spec(), () => undefined, signal());
    const { bytesPerSecond, roundTripMs } = await measureLinkSpeed(host, signal(), 200);
    assert.equal(isFast(bytesPerSecond), false);
    assert.ok(roundTripMs >= 40, "a long way");
  });

  it("as near where a command's start takes long and the answers after it do not", async () => {
    await using server = await startTestServer({
      onExec: (line, channel) => {
        // A host that needs a second for the shell itself.
        const shell = spawn("/bin/sh", ["-c", `sleep 1; ${line}`], { stdio: ["pipe", "pipe", "inherit"] });
        channel.pipe(shell.stdin);
        shell.stdout.pipe(channel, { end: false });
        shell.once("close", () => {
          channel.exit(0);
          channel.end();
        });
      },
    });
    await using host = await connect(server.spec(), () => undefined, signal());
    const { bytesPerSecond, roundTripMs } = await measureLinkSpeed(host, signal());
    assert.ok(roundTripMs < 400, `${roundTripMs} ms`);
    assert.ok(bytesPerSecond > 0);
  });

  it("not at all where it is too long to be fast", () => {
    assert.deepEqual(slowByLength(20)?.roundTripMs, 20);
    assert.equal(isFast(slowByLength(20)?.bytesPerSecond ?? Number.POSITIVE_INFINITY), false);
    assert.equal(slowByLength(2), undefined, "it may be wide or narrow");
    assert.equal(slowByLength(12), undefined, "it may be near, and this machine busy");
    assert.equal(slowByLength(undefined), undefined);
  });

  it("only as long as the caller wants", async () => {
    await using server = await startTestServer({ onExec: () => undefined });
    await using host = await connect(server.spec(), () => undefined, signal());
    const reason = new Error("stopped by request");
    await assert.rejects(measureLinkSpeed(host, AbortSignal.abort(reason), 200), reason);
  });
});
