import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import {
  ConnectionLostError,
  HostKeyMismatchError,
  RemoteCommandError,
  RemoteDeadlineError,
  RemoteOutputError,
} from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { borrowConnections, closeSharedConnections } from "../../../deploy/ssh/shared-connections.ts";
import type { SshHost } from "../../../deploy/ssh/ssh-host.ts";
import { backEnds } from "../../../deploy/ssh/transport.ts";
import { type WorkEvent, watchWork } from "../../../trace.ts";
import { soon } from "../support/signals.ts";
import { startTestServer, type TestServer } from "../support/ssh-server.ts";

const silent = (): void => undefined;

for (const backEnd of backEnds)
  describe(`commands on a host (${backEnd})`, () => {
    let server: TestServer;
    let host: SshHost;
    before(async () => {
      server = await startTestServer();
      host = await connect(server.spec({ backEnd }), silent, soon());
    });
    after(async () => {
      await host[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    it("return exit code and both outputs", async () => {
      const script = { name: "three", text: "{ echo out; echo err >&2; exit 3\n}\n" };
      assert.deepEqual(await host.exec(script, {}, soon()), { code: 3, stdout: "out\n", stderr: "err\n" });
    });

    it("are told to who watches: their name, their end, and no word of what they read or answer", async () => {
      const events: WorkEvent[] = [];
      using _watch = watchWork((event) => events.push(event));
      await host.read(["cat"], { stdin: "a secret" }, soon());
      await assert.rejects(host.read({ name: "look", text: "{ echo hidden; exit 3\n}\n" }, {}, soon()));
      const told = events.flatMap((event) => (event.work.kind === "ssh" ? [event] : []));
      assert.deepEqual(
        told.map((event) => [event.kind, event.work.what, event.kind === "ended" ? event.result : ""]),
        [
          ["began", "cat", ""],
          ["ended", "cat", "exit 0, 8 characters"],
          ["began", "look", ""],
          ["ended", "look", "exit 3, 7 characters"],
        ],
      );
      assert.ok(!/secret|hidden/.test(JSON.stringify(events)));
    });

    it("get their arguments and input unchanged, whatever these hold", async () => {
      const hostile = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !text.includes("\0"));
      await fc.assert(
        fc.asyncProperty(hostile, hostile, async (argument, stdin) => {
          const said = await host.read(["printf", "%s", argument], {}, soon());
          assert.equal(said, Buffer.from(argument).toString());
          const script = { name: "args", text: '{ printf %s "$1"; exit\n}\n', args: [argument] };
          assert.equal(await host.read(script, {}, soon()), Buffer.from(argument).toString());
          assert.equal(await host.read(["cat"], { stdin }, soon()), Buffer.from(stdin).toString());
        }),
        { numRuns: 30 },
      );
    });

    it("that fail are an error with the last lines they said", async () => {
      const error = await host
        .read(["sh", "-c", "echo no room >&2; exit 28"], {}, soon())
        .catch((caught: unknown) => caught);
      assert.ok(error instanceof RemoteCommandError);
      assert.equal(error.facts.found, "exit code 28: no room");
    });

    it("are stopped at the bound of their output", async () => {
      const flood = host.exec(["head", "-c", "100000", "/dev/zero"], { maxOutputBytes: 1000 }, soon());
      await assert.rejects(flood, RemoteOutputError);
    });

    it("that never end are an error at their deadline, and leave the connection usable", async () => {
      await assert.rejects(host.exec(["sleep", "30"], { deadlineSeconds: 0.2 }, soon()), RemoteDeadlineError);
      assert.equal(await host.read(["echo", "alive"], {}, soon()), "alive\n");
    });

    it("end at the caller's signal with its reason", async () => {
      const stop = new AbortController();
      const running = host.exec(["sleep", "30"], {}, stop.signal);
      stop.abort(new Error("enough"));
      await assert.rejects(running, /^Error: enough$/);
    });

    it("leave room for a stream to a Unix socket of the host", async () => {
      const folder = await mkdtemp(join(tmpdir(), "socket-"));
      const listener = createServer((socket) => void socket.end("hello"));
      listener.listen(join(folder, "s"));
      await once(listener, "listening");
      const stream = await host.open(join(folder, "s"), soon());
      assert.equal(String(await text(stream)), "hello");
      stream.destroy();
      listener.close();
      await rm(folder, { recursive: true });
    });

    it("refuse input beside a script: a shell may have read it already", async () => {
      await assert.rejects(host.exec({ name: "x", text: "{ exit\n}\n" }, { stdin: "data" }, soon()), TypeError);
    });
  });

for (const backEnd of backEnds)
  describe(`a connection that dies (${backEnd})`, () => {
    it("ends what is under way, although ssh2 reports nothing to the writer", async () => {
      await using server = await startTestServer({ onExec: (_line, channel) => void channel.resume() });
      await using host = await connect(server.spec({ backEnd }), silent, soon());
      const running = host.exec(["cat"], { stdin: "x".repeat(8 * 1024 * 1024) }, soon());
      const ended = assert.rejects(running, ConnectionLostError);
      await host.exec(["true"], { deadlineSeconds: 0.2 }, soon()).catch(() => server.cut());
      await ended;
      assert.ok(host.dead.aborted);
      await assert.rejects(host.exec(["true"], {}, soon()), ConnectionLostError);
    });

    it("is noticed when the host falls silent", async () => {
      await using server = await startTestServer({
        // The server's process is alive, its network is not: nothing is answered any more.
        onExec: (_line, _channel, connection) => Reflect.get(connection, "_sock").pause(),
      });
      await using host = await connect(server.spec({ keepaliveSeconds: 0.1, backEnd }), silent, soon());
      const error = await host.exec(["true"], { deadlineSeconds: 20 }, soon()).catch((caught: unknown) => caught);
      assert.ok(error instanceof ConnectionLostError);
      assert.match(error.facts.found, /^(?:Keepalive timeout|Timeout, server .* not responding\.)$/);
    });

    it("is replaced by the pool, which otherwise keeps to one", async () => {
      await using server = await startTestServer();
      await using pool = new ConnectionPool();
      const spec = server.spec({ backEnd });
      const [first, same] = await Promise.all([pool.acquire(spec, silent, soon()), pool.acquire(spec, silent, soon())]);
      assert.equal(first, same);
      assert.equal(server.connections, 1);
      const gone = new Promise((resolve) => first.dead.addEventListener("abort", resolve));
      server.cut();
      await gone;
      const [next, again] = await Promise.all([pool.acquire(spec, silent, soon()), pool.acquire(spec, silent, soon())]);
      assert.equal(next, again);
      assert.notEqual(next, first);
      assert.equal(server.connections, 2);
    });
  });

describe("a process that is killed", () => {
  for (const backEnd of backEnds) {
    it(`leaves no connection open behind it (${backEnd})`, async () => {
      await using server = await startTestServer();
      // What it cannot remove any more is files, and goes with this folder.
      const folder = await mkdtemp(join(tmpdir(), "killed-"));
      const script = fileURLToPath(new URL("../support/connect-and-wait.ts", import.meta.url));
      const child = spawn(process.execPath, [script, JSON.stringify(server.spec({ backEnd }))], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, TMPDIR: folder },
      });
      const [said] = await once(child.stdout, "data", { signal: soon() });
      assert.equal(String(said), `${backEnd}\n`);
      child.kill("SIGKILL");
      await server.untilIdle(soon());
      await rm(folder, { recursive: true });
    });
  }
});

describe("connections lent to a whole process", () => {
  it("are shared by who borrows, kept for the next, and closed when nobody needs them", async () => {
    await using server = await startTestServer();
    const use = async (idleMs: number) => {
      await using borrowed = borrowConnections(idleMs);
      return await borrowed.pool.acquire(server.spec(), silent, soon());
    };
    const [first, same] = await Promise.all([use(60_000), use(60_000)]);
    assert.equal(first, same);
    assert.equal(await use(60_000), first);
    assert.ok(!first.dead.aborted);
    assert.equal(server.connections, 1);
    await closeSharedConnections();
    assert.ok(first.dead.aborted);
    const next = await use(1);
    assert.notEqual(next, first);
    await new Promise((resolve) => next.dead.addEventListener("abort", resolve));
  });

  it("differ by what is trusted and by the password, not by patience", async () => {
    await using server = await startTestServer();
    await using pool = new ConnectionPool();
    const get = (changes: Readonly<Record<string, unknown>>) => pool.acquire(server.spec(changes), silent, soon());
    const first = await get({});
    assert.equal(await get({ connectDeadlineSeconds: 7, attemptDeadlineSeconds: 3, definedAt: "elsewhere" }), first);
    assert.notEqual(await get({ sudoPassword: "a" }), first);
    assert.notEqual(await get({ sudoPassword: "a" }), await get({ sudoPassword: "b" }));
  });

  it("keep to a key that was accepted on first use, also after a loss", async () => {
    const [first, second] = [await startTestServer(), await startTestServer()];
    await using pool = new ConnectionPool();
    const identityFiles = [first, second].flatMap((server) => server.spec().identityFiles);
    const spec = first.spec({ hostKeys: [], hostKeyPolicy: "accept-new", identityFiles });
    const host = await pool.acquire(spec, silent, soon());
    assert.deepEqual(host.spec.hostKeys, [{ key: host.hostKey, source: "accepted on first use" }]);
    assert.equal(await pool.acquire(host.spec, silent, soon()), host);
    await first[Symbol.asyncDispose]();
    await using impostor = createServer((socket) => {
      const inner = dial(second.port, "127.0.0.1");
      socket.pipe(inner).pipe(socket);
    });
    impostor.listen(first.port, "127.0.0.1");
    await once(impostor, "listening");
    await assert.rejects(pool.acquire(spec, silent, soon()), HostKeyMismatchError);
    await second[Symbol.asyncDispose]();
  });

  it("that are being opened are given up when the pool is closed", async () => {
    const pool = new ConnectionPool();
    await using server = await startTestServer();
    const opening = pool.acquire(server.spec({ port: 1, connectDeadlineSeconds: 600 }), silent, soon());
    const refused = assert.rejects(opening, /connections of this run were closed/);
    await pool[Symbol.asyncDispose]();
    await refused;
  });
});
