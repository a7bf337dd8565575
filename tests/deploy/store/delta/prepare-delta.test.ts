import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { startLinkProxy } from "../../../../bench/link/link-proxy.ts";
import { connect } from "../../../../deploy/ssh/connect.ts";
import type { SshHost } from "../../../../deploy/ssh/ssh-host.ts";
import { type DeltaSending, prepareDelta } from "../../../../deploy/store/delta/send-delta.ts";
import { startTestServer } from "../../support/ssh-server.ts";
import { info } from "../support/paths.ts";

describe("a stage of differences is prepared", function () {
  this.timeout(60_000);
  const stack = new AsyncDisposableStack();
  const temporary = process.env["TMPDIR"];
  /** Says that the host was asked for a process, of which nothing more is heard. */
  const execs = new EventEmitter();
  let folder: string;
  let host: SshHost;
  const patience = (): AbortSignal => AbortSignal.timeout(50_000);
  const way = (): Pick<DeltaSending, "host" | "receiver" | "tally"> => {
    const receiver = { nixStore: "/bin/nix-store", elevation: "none", zstd: "/bin/zstd" } as const;
    return { host, receiver, tally: { bytesSent: 0, roundTrips: 0 } };
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "prepare-delta-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const server = stack.use(await startTestServer({ onExec: () => void execs.emit("exec") }));
    const far = { roundTripMs: 200, bytesPerSecond: 10_000_000 };
    const proxy = stack.use(await startLinkProxy(far, { host: "127.0.0.1", port: server.port }));
    host = stack.use(await connect({ ...server.spec(), port: proxy.port }, () => undefined, patience()));
    process.env["TMPDIR"] = folder;
  });
  after(async () => {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    await stack.disposeAsync();
  });

  it("or fails for its caller alone where this machine cannot write the archives before the host has begun", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    try {
      await assert.rejects(prepareDelta([info(1, [])], way(), patience()), /path-1/);
    } finally {
      process.off("unhandledRejection", hear);
    }
    assert.deepEqual(unheard, [], "one would end the process, and every other machine's push with it");
    assert.deepEqual(await readdir(folder), []);
  });

  it("for a few hosts at a time, whose archives lie here, and given up at once when nobody wants it any more", async () => {
    const over = new AbortController();
    const preparing = Array.from({ length: 40 }, () => prepareDelta([], way(), over.signal));
    const ends = Promise.allSettled(preparing);
    await once(execs, "exec", { signal: patience() });
    const lying = await readdir(folder);
    assert.ok(lying.length > 0 && lying.length <= 16, `${lying.length} of 40`);
    over.abort(new Error("stopped by request"));
    assert.deepEqual(
      (await ends).map((end) => end.status === "rejected" && String(end.reason)),
      preparing.map(() => "Error: stopped by request"),
    );
    assert.deepEqual(await readdir(folder), []);
  });
});
