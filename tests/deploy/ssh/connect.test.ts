import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import {
  AuthenticationError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
  OpensshError,
} from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { fingerprint, parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { backEnds } from "../../../deploy/ssh/transport.ts";
import type { FleetEvent } from "../../../report.ts";
import { soon } from "../support/signals.ts";
import { makeKey, startTestServer, type TestServer } from "../support/ssh-server.ts";

const silent = (): void => undefined;

async function failure(action: Promise<unknown>): Promise<Error> {
  try {
    await action;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new assert.AssertionError({ message: "expected an error" });
}

for (const backEnd of backEnds)
  describe(`connecting (${backEnd})`, () => {
    it("shows the pinned key, without asking for what it does not need", async () => {
      await using server = await startTestServer();
      await using host = await connect(server.spec({ backEnd }), silent, soon());
      assert.equal(host.hostKey, server.hostKeys[0]?.public);
      const first = backEnd === "openssh" ? ["none root"] : []; // OpenSSH always asks what there is
      assert.deepEqual(new Set(server.authentications), new Set([...first, "publickey root"]));
    });

    it("refuses another host key before anything is sent, and names both and the pin's source", async () => {
      await using server = await startTestServer();
      const pinned = makeKey().public;
      const spec = server.spec({
        backEnd,
        hostKeys: [{ key: pinned, source: "vars/per-machine/galena" }],
        definedAt: "fleet.ts:41",
      });
      const error = await failure(connect(spec, silent, soon()));
      assert.ok(error instanceof HostKeyMismatchError);
      assert.equal(
        error.message,
        [
          "galena: the host key is not the pinned one",
          `  expected: ${fingerprint(parseHostKey(pinned))} (vars/per-machine/galena)`,
          `  found:    ${fingerprint(parseHostKey(server.hostKeys[0]?.public ?? ""))} from 127.0.0.1:${server.port}`,
          "  at:       fleet.ts:41",
          "  fix:      reinstalled? pin the new key where the old one stands. Otherwise stop: another host answers at this address",
        ].join("\n"),
      );
      assert.deepEqual(server.authentications, []);
      assert.equal(server.connections, 1, "a wrong key is not tried again");
    });

    it("refuses a host whose key nobody knows, and says which key to pin", async () => {
      await using server = await startTestServer();
      const error = await failure(connect(server.spec({ backEnd, hostKeys: [] }), silent, soon()));
      assert.ok(error instanceof HostKeyUnknownError);
      assert.ok(error.facts.fix.endsWith(`then pin: ${server.hostKeys[0]?.public}`));
      assert.deepEqual(server.authentications, []);
    });

    it("asks a server with several keys for the pinned one", async () => {
      const [rsa, ed25519] = [makeKey("rsa"), makeKey()];
      await using server = await startTestServer({ hostKeys: [ed25519, rsa] });
      await using host = await connect(
        server.spec({ backEnd, hostKeys: [{ key: rsa.public, source: "x" }] }),
        silent,
        soon(),
      );
      assert.equal(host.hostKey, rsa.public);
    });

    it("takes a server without a key of the pinned type for another host", async () => {
      await using server = await startTestServer({ hostKeys: [makeKey("rsa")] });
      const spec = server.spec({ backEnd, hostKeys: [{ key: makeKey().public, source: "x" }] });
      const error = await failure(connect(spec, silent, soon()));
      assert.ok(error instanceof HostKeyMismatchError);
      const shown =
        backEnd === "ssh2" ? "no key of a pinned type" : fingerprint(parseHostKey(server.hostKeys[0]?.public ?? ""));
      assert.equal(error.facts.found, `${shown} from 127.0.0.1:${server.port}`);
      assert.deepEqual(server.authentications, []);
    });

    it("names the keys that the host refused, and those that could not be tried", async () => {
      await using server = await startTestServer();
      await using other = await startTestServer();
      const [wrong = ""] = other.spec().identityFiles;
      const spec = server.spec({ backEnd, identityFiles: [wrong, "/nowhere/id_ed25519"] });
      const error = await failure(connect(spec, silent, soon()));
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.facts.found, `refused: ${wrong}\nnot tried: /nowhere/id_ed25519: cannot be read (ENOENT)`);
      assert.equal(server.connections, 1, "refused keys are not tried again");
    });

    it("fails without a key to show before it asks the host anything", async () => {
      await using server = await startTestServer();
      const error = await failure(connect(server.spec({ backEnd, identityFiles: [] }), silent, soon()));
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.facts.found, "no key to try");
      assert.deepEqual(server.authentications, backEnd === "ssh2" ? [] : ["none root"]);
    });

    it("goes on with the key files when the agent is dead", async () => {
      await using server = await startTestServer();
      const [identity] = server.spec({ backEnd }).identityFiles;
      await using other = await startTestServer();
      const files = [...other.spec().identityFiles, identity];
      await using host = await connect(
        server.spec({ backEnd, agent: "/nowhere/agent.sock", identityFiles: files }),
        silent,
        soon(),
      );
      assert.ok(!host.dead.aborted);
    });

    it("tries a host that is booting again until it is there", async () => {
      await using server = await startTestServer();
      const gate = createServer();
      gate.listen(0, "127.0.0.1");
      await once(gate, "listening");
      const address = gate.address();
      assert.ok(address !== null && typeof address === "object");
      // The port refuses until the first attempt was reported, then a forwarder stands in for the booted host.
      gate.close();
      await once(gate, "close");
      const forwarder = createServer(async (socket) => {
        const { connect: dial } = await import("node:net");
        const inner = dial(server.port, "127.0.0.1");
        socket.pipe(inner).pipe(socket);
        socket.on("error", () => inner.destroy());
        inner.on("error", () => socket.destroy());
      });
      const seen: string[] = [];
      await using _host = await connect(
        server.spec({ backEnd, port: address.port }),
        (event) => {
          if (event.message.startsWith("connecting with")) return;
          seen.push(event.message);
          if (seen.length === 1) forwarder.listen(address.port, "127.0.0.1");
        },
        soon(),
      );
      assert.match(
        seen[0] ?? "",
        /^no answer from 127\.0\.0\.1:\d+ \(.*(?:ECONNREFUSED|Connection refused).*\), trying again$/,
      );
      forwarder.close();
    });

    it("gives up at its deadline when a listener never speaks", async () => {
      const silentServer = createServer(() => undefined);
      silentServer.listen(0, "127.0.0.1");
      await once(silentServer, "listening");
      const address = silentServer.address();
      assert.ok(address !== null && typeof address === "object");
      await using server = await startTestServer();
      const spec = server.spec({
        backEnd,
        port: address.port,
        connectDeadlineSeconds: 0.5,
        attemptDeadlineSeconds: 0.3,
      });
      const error = await failure(connect(spec, silent, soon()));
      assert.ok(error instanceof HostUnreachableError);
      assert.match(error.reason, /^no answer within 0\.\d s$/);
      silentServer.close();
    });

    it("stops at the caller's signal with its reason", async () => {
      await using server = await startTestServer();
      const stopped = new AbortController();
      const attempt = connect(
        server.spec({ backEnd, port: 1, connectDeadlineSeconds: 60 }),
        () => stopped.abort(new Error("enough")),
        stopped.signal,
      );
      assert.equal((await failure(attempt)).message, "enough");
    });
  });

for (const backEnd of backEnds) {
  describe(`hostKeyPolicy accept-new (${backEnd})`, () => {
    it("takes a key that nobody vouches for, warns with its fingerprint and gives it to be stored", async () => {
      await using server = await startTestServer();
      const shown = server.hostKeys[0]?.public ?? "";
      const warnings: string[] = [];
      const spec = server.spec({ backEnd, hostKeys: [], hostKeyPolicy: "accept-new" });
      const report = ({ level, message }: FleetEvent): void => void (level === "warning" && warnings.push(message));
      await using host = await connect(spec, report, soon());
      assert.deepEqual([host.hostKey, host.hostKeyIsNew], [shown, true]);
      assert.deepEqual(warnings, [
        `host key accepted on first use, as hostKeyPolicy says: ${fingerprint(parseHostKey(shown))} from 127.0.0.1:${server.port}; compare it at the host's console, then pin: ${shown}`,
      ]);
    });

    it("refuses another key than a pinned one all the same, and a revoked one", async () => {
      await using server = await startTestServer();
      const shown = { key: server.hostKeys[0]?.public ?? "", source: "known_hosts:3" };
      const policy = { backEnd, hostKeyPolicy: "accept-new" };
      const pinned = server.spec({ ...policy, hostKeys: [{ key: makeKey().public, source: "vars" }] });
      assert.ok((await failure(connect(pinned, silent, soon()))) instanceof HostKeyMismatchError);
      const revoked = server.spec({ ...policy, hostKeys: [shown], revokedHostKeys: [shown] });
      const error = await failure(connect(revoked, silent, soon()));
      assert.ok(error instanceof HostKeyMismatchError);
      assert.match(error.facts.found, /^SHA256:\S+ from 127\.0\.0\.1:\d+: revoked/);
      assert.deepEqual(server.authentications, []);
    });
  });
}

describe("the back end", () => {
  const chosen = async (server: TestServer, changes: Readonly<Record<string, unknown>>) => {
    const messages: string[] = [];
    await using host = await connect(server.spec(changes), (event) => void messages.push(event.message), soon());
    return [host.backEnd, ...messages];
  };

  it("is ssh2 unless something needs OpenSSH, and then the reason is said", async () => {
    await using server = await startTestServer();
    assert.deepEqual(await chosen(server, {}), ["ssh2"]);
    const proxyCommand = `${process.execPath} -e 'const s=require("net").connect(process.argv[1],"%h");process.stdin.pipe(s).pipe(process.stdout)' %p`;
    assert.deepEqual(await chosen(server, { proxyCommand }), [
      "openssh",
      "connecting with OpenSSH: the way there is a ProxyCommand",
    ]);
  });

  it("is never one that would pass over the way that is stated", async () => {
    await using server = await startTestServer();
    const refused = connect(server.spec({ backEnd: "ssh2", proxyCommand: "nc proxy %h %p" }), () => undefined, soon());
    await assert.rejects(refused, {
      name: "SshConfigError",
      message: /ProxyCommand, which back end ssh2 does not know/,
    });
    assert.equal(server.connections, 0);
  });

  it("is OpenSSH for a security key, whose file says what it is, and for a certificate beside a key", async () => {
    await using server = await startTestServer();
    const [identity = ""] = server.spec().identityFiles;
    const folder = await mkdtemp(join(tmpdir(), "identities-"));
    const publicPart = Buffer.from("openssh-key-v1\0\0\0\0\x1ask-ssh-ed25519@openssh.com").toString("base64");
    const [key, certified] = [join(folder, "id_ed25519_sk"), join(folder, "id_ed25519")];
    await writeFile(key, `-----BEGIN OPENSSH PRIVATE KEY-----\n${publicPart}\n-----END OPENSSH PRIVATE KEY-----\n`);
    await copyFile(identity, certified);
    await writeFile(`${certified}-cert.pub`, "nonsense");
    try {
      const [, reason] = await chosen(server, { identityFiles: [key, identity] });
      assert.equal(reason, `connecting with OpenSSH: ${key} is a security key`);
      const [, other] = await chosen(server, { identityFiles: [certified] });
      assert.equal(other, `connecting with OpenSSH: ${certified} has a certificate`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("says that ssh is missing where it is needed", async () => {
    await using server = await startTestServer();
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      const error = await failure(connect(server.spec({ backEnd: "openssh" }), silent, soon()));
      assert.ok(error instanceof OpensshError);
      assert.equal(error.facts.found, "no `ssh` in PATH");
    } finally {
      process.env["PATH"] = path;
    }
  });
});
