import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "mocha";
import { GcpApiError } from "../../cloud/gcp/errors.ts";
import { FleetError, FleetErrors } from "../../errors.ts";
import { explainError } from "../../stack/explain-error.ts";

class KnownError extends FleetError {
  readonly code = "FLEET_KNOWN";
}

const facts = { summary: "galena: no", expected: "yes", found: "no", at: "fleet.ts:1", fix: "say yes" };
const explained = (error: unknown, debug = false): string => explainError(error, { how: "--debug", debug });

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}

describe("an error as it is told", () => {
  it("ends with what to do, whatever it is, and shows no stack", () => {
    const bug = thrown(() => Reflect.get(Object(undefined), "x").y);
    const ofSystem = thrown(() => readFileSync("/nonexistent/file"));
    for (const error of [
      new KnownError(facts),
      new FleetErrors([new KnownError(facts), new KnownError(facts)]),
      bug,
      ofSystem,
      "text",
    ]) {
      const lines = explained(error).split("\n");
      assert.match(lines.at(-1) ?? "", /^ {2}fix: {6}\S/);
      assert.ok(!lines.some((line) => /^\s+at .*:\d+:\d+/.test(line)), lines.join("\n"));
    }
  });

  it("calls what nobody thought of a bug, and what the machine says no bug", () => {
    assert.match(
      explained(new TypeError("x is undefined")),
      /^x is undefined\n {2}fix: {6}this is a bug of pulumi-clan/,
    );
    const ofSystem = explained(thrown(() => readFileSync("/nonexistent/file")));
    assert.match(
      ofSystem,
      /^ENOENT: no such file or directory, open '\/nonexistent\/file'\n {2}fix: {6}this machine said so/,
    );
  });

  it("takes the advice of a service's refusal, and calls what was late late", async () => {
    const facts = { kind: "quota", reason: "quotaExceeded", zonesAvailable: [] } as const;
    assert.match(
      explained(new GcpApiError("HTTP 403: no", facts)),
      /^HTTP 403: no\n {2}fix: {6}ask Google for a larger quota/,
    );
    const late = await once(AbortSignal.timeout(1), "abort").then(([{ target }]) => target.reason);
    assert.match(explained(late), /\n {2}fix: {6}see with --debug what did not answer in time/);
  });

  it("calls a server that is out of reach no bug, and says what is in the way", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await new Promise((resolve) => server.close(resolve));
    const error = await fetch(`http://127.0.0.1:${address.port}/`).catch((refused: unknown) => refused);
    const text = explained(error);
    assert.match(text, /^fetch failed: connect ECONNREFUSED 127\.0\.0\.1:\d+\n {2}fix: {6}a server was not reached/);
  });

  it("says of each address of a name why it is out of reach", () => {
    const each = [new Error("connect ECONNREFUSED ::1:9"), new Error("connect ECONNREFUSED 127.0.0.1:9")];
    const text = explained(new TypeError("fetch failed", { cause: new AggregateError(each) }));
    assert.match(
      text,
      /^fetch failed: connect ECONNREFUSED ::1:9, connect ECONNREFUSED 127\.0\.0\.1:9\n {2}fix: {6}a server/,
    );
  });

  it("calls a server no bug that goes away in the middle of its answer", async () => {
    const server = createServer((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const response = await fetch(`http://127.0.0.1:${address.port}/`);
    const error = await response.text().catch((cut: unknown) => cut);
    await new Promise((resolve) => server.close(resolve));
    assert.match(explained(error), /^terminated: .+\n {2}fix: {6}a server was not reached/);
  });

  it("calls a pause late that a deadline ended", async () => {
    const ended = await sleep(60_000, undefined, { signal: AbortSignal.timeout(1) }).catch((error: unknown) => error);
    assert.match(explained(ended), /\n {2}fix: {6}see with --debug what did not answer in time/);
  });

  it("hands a terminal nothing to obey, with a trace and without", () => {
    const error = new Error("the server said \u001b[2J\u0007", { cause: new Error("\u001b]0;title\u0007") });
    for (const debug of [false, true]) {
      const text = explained(error, debug);
      assert.match(text, /^the server said/);
      assert.doesNotMatch(text, /[^\P{Cc}\n\t]/u);
    }
  });

  it("shows the stack and the causes to who asks for a trace", () => {
    const error = new KnownError(facts, { cause: new TypeError("the deeper reason") });
    const text = explained(error, true);
    assert.ok(text.startsWith(error.message));
    assert.match(text, /\n\s+at .*explain-error\.test\.ts:\d+:\d+/);
    assert.match(text, /caused by TypeError: the deeper reason/);
    assert.match(explained(new RangeError("a bug"), true), /explain-error\.test\.ts:\d+:\d+/);
  });
});
