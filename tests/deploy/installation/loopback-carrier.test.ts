import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, createServer, type Server } from "node:net";
import { after, before, describe, it } from "mocha";
import {
  type CarrierOptions,
  type LoopbackCarrier,
  openLoopbackCarrier,
} from "../../../deploy/installation/loopback-carrier.ts";
import { connectOnce } from "../../../deploy/ssh/connect.ts";
import { type BackEnd, backEnds } from "../../../deploy/ssh/transport.ts";
import { patience } from "../support/signals.ts";
import { makeKey, startTestServer, type TestServer } from "../support/ssh-server.ts";

describe("a port that leads to a host's own sshd", function () {
  this.timeout(60_000);
  let sshd: Server;
  let sshPort = 0;
  let server: TestServer;
  before(async () => {
    // Says what it was told, as whoever listens there would.
    sshd = createServer((socket) => void socket.pipe(socket));
    sshd.listen(0, "127.0.0.1");
    await once(sshd, "listening");
    const address = sshd.address();
    sshPort = typeof address === "object" && address !== null ? address.port : 0;
    server = await startTestServer({ forwards: true });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    sshd.close();
  });

  const open = (backEnd: BackEnd, more: Partial<CarrierOptions> = {}): Promise<LoopbackCarrier> => {
    const dial = (scope: AbortSignal) => connectOnce(server.spec({ backEnd }), 15_000, scope);
    return openLoopbackCarrier({ dial, sshPort, onFailure: () => undefined, ...more }, patience());
  };
  /** @returns as many bytes as were said, or what came before the end. */
  const say = async ({ port }: LoopbackCarrier, words: string): Promise<string> => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => undefined); // then it has nothing to say
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.length >= words.length) socket.destroy();
    });
    socket.write(words);
    await once(socket, "close");
    return answer;
  };

  for (const backEnd of backEnds) {
    it(`carries whoever connects, all over one connection (${backEnd})`, async () => {
      const { length } = server.forwarded;
      await using carrier = await open(backEnd);
      const answers = await Promise.all(["one", "two", "x".repeat(300_000)].map((words) => say(carrier, words)));
      assert.deepEqual(
        answers.map((answer) => answer.slice(0, 3)),
        ["one", "two", "xxx"],
      );
      assert.ok(answers[2] === "x".repeat(300_000), "all of it");
      assert.deepEqual(server.forwarded.slice(length), Array(3).fill(`127.0.0.1:${sshPort}`));
    });
  }

  it("gives nothing to a host that shows another key than the pinned one, and says so", async () => {
    const { length } = server.forwarded;
    const reasons: string[] = [];
    const hostKeys = [{ key: makeKey().public, source: "vars" }];
    const dial = (scope: AbortSignal) => connectOnce(server.spec({ hostKeys }), 15_000, scope);
    await using carrier = await open("ssh2", { dial, onFailure: (reason) => reasons.push(reason) });
    assert.equal(await say(carrier, "the age key"), "");
    assert.match(reasons.join(), /the host key is not the pinned one/);
    assert.equal(server.forwarded.length, length);
  });

  it("dials again when the connection was lost, and no more once the host is let go", async () => {
    await using carrier = await open("ssh2");
    assert.equal(await say(carrier, "before"), "before");
    server.cut();
    await server.untilIdle(patience());
    // The loss may be noticed by who comes next.
    let answer = await say(carrier, "after");
    if (answer === "") answer = await say(carrier, "after");
    assert.equal(answer, "after");
    carrier.letGo();
    assert.equal(await say(carrier, "still there"), "still there");
    server.cut();
    await server.untilIdle(patience());
    await say(carrier, "notices the loss");
    assert.equal(await say(carrier, "gone"), "");
  });
});
