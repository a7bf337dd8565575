import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ServerChannel } from "ssh2";
import { HostSession } from "../../../deploy/host-session.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type PushOptions, type PushResult, pushClosure } from "../../../deploy/store/push-closure.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { patience } from "../support/signals.ts";
import { startTestServer, type TestServer } from "../support/ssh-server.ts";
import { addClosure, closureOf } from "./support/closures.ts";
import { type StubOptions, StubServe } from "./support/stub-serve.ts";

/** Pushes to a stub; the host's facts are made up, too. */
class StubHost implements AsyncDisposable {
  readonly stub: StubServe;
  readonly events: FleetEvent[] = [];
  readonly lines: string[] = [];
  readonly server: TestServer;
  readonly #pool = new ConnectionPool();

  private constructor(stub: StubServe, server: TestServer, lines: string[]) {
    this.stub = stub;
    this.server = server;
    this.lines = lines;
  }

  static async start(options: StubOptions = {}, facts = "free\t9000000\n"): Promise<StubHost> {
    const stub = new StubServe(options);
    const lines: string[] = [];
    const server = await startTestServer({
      onExec: (line, channel) => {
        lines.push(line);
        const kind = /^\/bin\/sh -s/.test(line) ? "script" : /read -r how/.test(line) ? "lane" : "nothing";
        if (kind === "nothing" && !line.includes("--serve")) return void answerSlowly(channel);
        const tools = "nix-store\t/bin/nix-store\nnix-daemon\t/bin/nix-daemon\nuid\t0\n";
        stub.serve(channel, kind, tools + facts).catch(() => channel.close());
      },
    });
    return new StubHost(stub, server, lines);
  }

  push(toplevel: StorePath, options: Partial<PushOptions> = {}, signal = patience()): Promise<PushResult> {
    const report = (event: FleetEvent): void => void this.events.push(event);
    const session = new HostSession(this.#pool, this.server.spec(), 10, report);
    return pushClosure(session, toplevel, { deadlineSeconds: 60, ...options }, report, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** What measures the way: it takes everything, and answers once. */
function answerSlowly(channel: ServerChannel): void {
  channel.write("ready\n");
  channel.resume().once("end", () => {
    channel.exit(0);
    channel.end();
  });
}

describe("push over the serve protocol", () => {
  let mixed: StorePath;
  let small: StorePath;
  let host: StubHost | undefined;
  beforeEach(async () => {
    mixed = await addClosure("push-mixed", { small: 30, large: 5 });
    small = await addClosure("push-small", { small: 60, large: 0 });
  });
  afterEach(async () => {
    await host?.[Symbol.asyncDispose]();
    host = undefined;
  });

  it("sends every path once, each after its references, over as many channels as there are large paths, at most four", async () => {
    host = await StubHost.start();
    const result = await host.push(mixed);
    const closure = await closureOf(mixed);
    assert.deepEqual([...host.stub.received].sort(), closure);
    assert.equal(
      host.lines.filter((line) => line.includes("--serve")).length,
      4,
      "four send, beside the one that was asked",
    );
    const { paths, backend, channels, compression, resumed } = result;
    assert.deepEqual(
      { paths, backend, channels, compression, resumed },
      { paths: closure.length, backend: "serve", channels: 4, compression: "none", resumed: 0 },
    );
    assert.ok((result.bytesSent ?? 0) > result.bytes);
    assert.deepEqual(host.events.at(-1)?.progress, { done: result.bytes, total: result.bytes, unit: "bytes" });
  });

  it("waits for as many answers with sixty paths as with one", async () => {
    host = await StubHost.start();
    assert.equal((await host.push(small)).roundTrips, 3);
  });

  it("sends only what is missing, and nothing when nothing is", async () => {
    host = await StubHost.start();
    const closure = await closureOf(small);
    for (const path of closure.filter((path) => path !== small)) host.stub.valid.add(path);
    assert.equal((await host.push(small)).paths, 1);
    assert.deepEqual(host.stub.received, [small]);
    const again = await host.push(small);
    assert.deepEqual([again.paths, again.bytes, again.backend], [0, 0, "none"]);
  });

  it("goes on after a cut without sending again what was acknowledged", async () => {
    let cut = false;
    host = await StubHost.start({
      onAdd: (_path, count) => {
        if (count < 20 || cut) return true;
        cut = true;
        host?.server.cut();
        return true;
      },
    });
    const acknowledged = new Set<string>();
    const result = await host.push(mixed);
    assert.equal(result.resumed, 1);
    assert.deepEqual([...host.stub.valid].sort(), await closureOf(mixed));
    for (const path of host.stub.received) {
      assert.ok(!acknowledged.has(path), `${path} was sent again`);
      acknowledged.add(path);
    }
    assert.ok(host.events.some(({ message }) => message === "connection lost, going on with what is missing"));
  });

  it("goes on with another receiver when one is killed, and gives up when that is killed, too", async () => {
    host = await StubHost.start({
      onAdd: (_path, count) => (count === 20 ? { stderr: "Killed", code: 137 } : true),
    });
    assert.equal((await host.push(mixed)).resumed, 1);
    assert.ok(host.stub.valid.has(mixed));
    await host[Symbol.asyncDispose]();
    host = await StubHost.start({ onAdd: () => ({ stderr: "Killed", code: 137 }) });
    await assert.rejects(host.push(mixed), {
      code: "FLEET_PUSH",
      message: /the receiving nix-store was killed \(exit code 137\); Killed/,
    });
  });

  it("ends with the receiver's own words", async () => {
    host = await StubHost.start({
      onAdd: (_path, count) => (count === 7 ? { stderr: "warning: x\nerror: cannot add", code: 1 } : true),
    });
    await assert.rejects(host.push(small), {
      message: `galena: the host did not take the closure
  expected: every path added
  found:    error: cannot add
  at:       127.0.0.1:${host.server.port}
  fix:      correct what the message says and run it again; what arrived is kept`,
    });
  });

  it("tells a disk that becomes full on the way, and one that is too small from the beginning", async () => {
    host = await StubHost.start({
      onAdd: (_path, count) =>
        count === 7 ? { stderr: "error: writing to file: No space left on device", code: 1 } : true,
    });
    await assert.rejects(host.push(small), {
      code: "FLEET_DISK_SPACE",
      message: /store became full while it received/,
    });
    await host[Symbol.asyncDispose]();
    host = await StubHost.start({}, "free\t66000\n");
    await assert.rejects(host.push(mixed), { code: "FLEET_DISK_SPACE", message: /does not fit/ });
    assert.deepEqual(host.stub.received, []);
  });

  it("ends at once when it is stopped, and when its time is up, also where the host reads nothing more", async () => {
    const stop = new AbortController();
    host = await StubHost.start({
      onAdd: (_path, count) => {
        if (count === 3) stop.abort(new Error("^C"));
        return true;
      },
    });
    await assert.rejects(host.push(mixed, {}, stop.signal), /\^C/);
    await host[Symbol.asyncDispose]();
    host = await StubHost.start({ onAdd: () => "stall" });
    await assert.rejects(host.push(mixed, { deadlineSeconds: 1.5 }), {
      code: "FLEET_PUSH",
      message: /did not end in time/,
    });
  });
});
