import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { connectOnce } from "../../../deploy/ssh/connect.ts";
import type { SshHost } from "../../../deploy/ssh/ssh-host.ts";
import type { PathChannel } from "../../../deploy/store/path-channel.ts";
import type { PathInfo } from "../../../deploy/store/path-info.ts";
import { ReceiverEnd } from "../../../deploy/store/receiver-end.ts";
import { ReceiverProcess } from "../../../deploy/store/receiver-process.ts";
import { sendPaths } from "../../../deploy/store/send-paths.ts";
import { patience } from "../support/signals.ts";
import { startTestServer, type TestServer } from "../support/ssh-server.ts";
import { info } from "./support/paths.ts";

describe("sending paths to a daemon that ends with an error", () => {
  let server: TestServer;
  let host: SshHost;
  beforeEach(async () => {
    server = await startTestServer({
      onExec: (_line, channel) =>
        void channel.resume().once("end", () => {
          channel.exit(0);
          channel.end();
        }),
    });
    host = await connectOnce(server.spec(), 20_000, patience());
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Answers for so many paths, then says what Nix 2.26's daemon says whose input ends while it works. */
  async function interruptedAfter(answers: number): Promise<PathChannel> {
    const process = await ReceiverProcess.start(host, "none", { kind: "direct", argv: ["daemon"] }, patience());
    let left = answers;
    return {
      process,
      atEnd: "drops",
      hello: () => Promise.resolve(),
      query: () => Promise.resolve(new Set<string>()),
      send: () => Promise.resolve(),
      added: () => {
        if (left === 0) return Promise.reject(new ReceiverEnd(1, "error: interrupted by the user"));
        left -= 1;
        return Promise.resolve(true);
      },
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  }

  async function send(answers: number): Promise<number> {
    const paths = [info("a", []), info("b", ["a"])];
    const added: PathInfo[] = [];
    const channel = await interruptedAfter(answers);
    const onAdded = (one: PathInfo): void => void added.push(one);
    const tally = { bytesSent: 0, roundTrips: 0 };
    await sendPaths(
      { open: () => Promise.resolve(channel), lock: channel, paths, channels: 1, onAdded, tally },
      patience(),
    );
    return added.length;
  }

  it("has sent them where it had answered for all of them", async () => {
    assert.equal(await send(2), 2);
  });

  it("has not where an answer is missing", async () => {
    await assert.rejects(send(1), ReceiverEnd);
  });
});
