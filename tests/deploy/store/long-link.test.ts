import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "mocha";
import { startLinkProxy } from "../../../bench/link/link-proxy.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import type { SshHost } from "../../../deploy/ssh/ssh-host.ts";
import { breakEvenRate, isWorthDelta } from "../../../deploy/store/delta/worth-delta.ts";
import { isFast, slowByLength } from "../../../deploy/store/link-speed.ts";
import { measureLongLink, SoughtRate } from "../../../deploy/store/long-link.ts";
import { startTestServer } from "../support/ssh-server.ts";

describe("a long way is measured", function () {
  this.timeout(60_000);
  const patience = (): AbortSignal => AbortSignal.timeout(50_000);
  const stack = new AsyncDisposableStack();
  /** One that runs what it is told, one that answers nothing. */
  let host: SshHost;
  let silent: SshHost;
  before(async () => {
    const server = await startTestServer({
      onExec: (line, channel) => {
        const shell = spawn("/bin/sh", ["-c", line], { stdio: ["pipe", "pipe", "inherit"] });
        channel.pipe(shell.stdin);
        shell.stdout.pipe(channel, { end: false });
        shell.stdin.on("error", () => undefined); // it stops reading when it is told to
        shell.once("close", () => {
          channel.exit(0);
          channel.end();
        });
      },
    });
    stack.use(server);
    const narrow = { roundTripMs: 30, bytesPerSecond: 1_000_000 };
    const proxy = stack.use(await startLinkProxy(narrow, { host: "127.0.0.1", port: server.spec().port }));
    host = stack.use(await connect({ ...server.spec(), port: proxy.port }, () => undefined, patience()));
    const other = stack.use(await startTestServer({ onExec: () => undefined }));
    silent = stack.use(await connect(other.spec(), () => undefined, patience()));
  });
  after(() => stack.disposeAsync());

  it("never as wider than it is: then differences go over a narrow one", async () => {
    const link = await measureLongLink(host, 30, new SoughtRate(), patience());
    assert.ok(link !== undefined && link.bytesPerSecond > 0 && link.bytesPerSecond < 3_000_000, JSON.stringify(link));
    assert.ok(isWorthDelta(60_000_000, link));
    assert.equal(link.roundTripMs, 30);
  });

  it("until what is sought is seen, and no longer", async () => {
    const sought = new SoughtRate();
    sought.set(100_000);
    const link = await measureLongLink(host, 30, sought, patience());
    assert.ok((link?.bytesPerSecond ?? 0) >= 100_000, JSON.stringify(link));
    assert.equal(isFast(link?.bytesPerSecond ?? 0), false, "a long way is compressed for, whatever it carries");
  });

  it("not where nothing depends on it, known before or meanwhile", async () => {
    const before = new SoughtRate();
    before.set(breakEvenRate(1_000_000, 30));
    assert.deepEqual(await measureLongLink(silent, 30, before, patience()), slowByLength(30));
    const meanwhile = new SoughtRate();
    const measured = measureLongLink(silent, 30, meanwhile, patience());
    meanwhile.set(0);
    assert.deepEqual(await measured, slowByLength(30));
  });

  it("not where it is so long that it would not be seen in time", async () => {
    assert.deepEqual(await measureLongLink(silent, 200, new SoughtRate(), patience()), slowByLength(200));
  });

  it("as the slowest, or by its length, where the host starts no shell in time: no reason against a push", async () => {
    const link = await measureLongLink(silent, 30, new SoughtRate(), patience());
    assert.ok((link?.bytesPerSecond ?? 0) < 100_000);
    assert.deepEqual(await measureLongLink(silent, 30, new SoughtRate(), patience(), 1), slowByLength(30));
  });

  it("only as long as the caller wants", async () => {
    const reason = new Error("stopped by request");
    await assert.rejects(measureLongLink(silent, 30, new SoughtRate(), AbortSignal.abort(reason)), reason);
  });
});
