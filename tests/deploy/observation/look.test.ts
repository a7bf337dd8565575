import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readFacts } from "../../../deploy/host-facts.ts";
import { type LookOptions, lookAt, renderWay } from "../../../deploy/observation/look.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../../../deploy/ssh/connection-spec.ts";
import { soon } from "../support/signals.ts";
import { makeKey, startTestServer } from "../support/ssh-server.ts";

const patient: LookOptions = { deadlineSeconds: 30 };

describe("a look at a host", () => {
  const look = (spec: ConnectionSpec, options = patient) =>
    lookAt(spec, options, (host, scope) => readFacts(host, { class: "nixos" }, scope), soon());

  it("says unreachable as a value", async () => {
    await using server = await startTestServer();
    assert.deepEqual(await look(server.spec({ port: 1 })), {
      kind: "unreachable",
      reason: "connect ECONNREFUSED 127.0.0.1:1",
    });
  });

  it("says a wrong host key as a value, and sends nothing", async () => {
    await using server = await startTestServer();
    const seen = await look(server.spec({ hostKeys: [{ key: makeKey().public, source: "x" }] }));
    assert.ok(seen.kind === "host-key");
    assert.equal(seen.reason, "galena: the host key is not the pinned one");
    assert.deepEqual(server.authentications, []);
  });

  it("says as a value that the host accepts none of the keys", async () => {
    await using server = await startTestServer();
    const seen = await look(server.spec({ identityFiles: [] }));
    assert.ok(seen.kind === "authentication");
    assert.equal(seen.error.name, "AuthenticationError");
  });

  it("is unreachable when the host hangs up in the middle of its answer", async () => {
    await using server = await startTestServer({ onExec: (_line, _channel, connection) => connection.end() });
    const seen = await look(server.spec());
    assert.ok(seen.kind === "unreachable");
    assert.equal(seen.reason, "the connection was lost: the channel was closed before the command ended");
  });

  it("is unreachable when the host says nothing until the deadline", async () => {
    await using server = await startTestServer({ onExec: () => undefined });
    assert.deepEqual(await look(server.spec(), { deadlineSeconds: 1 }), {
      kind: "unreachable",
      reason: "no answer within 1 s",
    });
  });

  it("reads facts over one connection, and says how it got there", async () => {
    await using server = await startTestServer();
    const seen = await look(server.spec());
    assert.ok(seen.kind === "seen");
    assert.equal(seen.seen.system, `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`);
    assert.deepEqual(seen.way, { through: [], backEnd: "ssh2" });
    assert.equal(server.connections, 1);
  });

  it("leaves the run's connection open", async () => {
    await using server = await startTestServer();
    await using connections = new ConnectionPool();
    for (let time = 0; time < 2; time++) await look(server.spec(), { ...patient, connections });
    assert.equal(server.connections, 1);
  });

  it("tells of a way only what is unusual", () => {
    assert.equal(renderWay({ through: [], backEnd: "ssh2" }), "");
    assert.equal(
      renderWay({ through: ["ops@edge", "inner"], backEnd: "openssh" }),
      " through ops@edge, inner with OpenSSH",
    );
  });
});
