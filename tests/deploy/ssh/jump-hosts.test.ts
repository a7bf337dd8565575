import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  AuthenticationError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
} from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { backEnds } from "../../../deploy/ssh/transport.ts";
import { soon } from "../support/signals.ts";
import { makeKey, startTestServer, type TestServer } from "../support/ssh-server.ts";

const silent = (): void => undefined;

function hop(name: string, server: TestServer, changes: Readonly<Record<string, unknown>> = {}) {
  const { address, port, identityFiles, hostKeys } = server.spec();
  return {
    name,
    address,
    port,
    user: "jump",
    identityFiles,
    hostKeys,
    definedAt: "~/.ssh/config: Host galena",
    ...changes,
  };
}

async function failure(action: Promise<unknown>): Promise<Error> {
  const error = await action.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof Error, "expected an error");
  return error;
}

for (const backEnd of backEnds) {
  describe(`a way through jump hosts (${backEnd})`, () => {
    it("is gone host by host, each with its own user, key and identity", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using inner = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      const spec = server.spec({ backEnd, jumpHosts: [hop("edge", edge), hop("inner", inner)] });
      await using host = await connect(spec, silent, soon());
      assert.equal(await host.read(["echo", "there"], {}, soon()), "there\n");
      assert.deepEqual(edge.forwarded, [`127.0.0.1:${inner.port}`]);
      assert.deepEqual(inner.forwarded, [`127.0.0.1:${server.port}`]);
      assert.ok(edge.authentications.includes("publickey jump"));
      assert.ok(server.authentications.includes("publickey root"));
      assert.equal(host.hostKey, server.hostKeys[0]?.public);
    });

    it("ends at a jump host with another key, which is named, and nothing goes further", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      const hostKeys = [{ key: makeKey().public, source: "~/.ssh/known_hosts:7" }];
      const error = await failure(
        connect(server.spec({ backEnd, jumpHosts: [hop("edge", edge, { hostKeys })] }), silent, soon()),
      );
      assert.ok(error instanceof HostKeyMismatchError);
      assert.equal(error.facts.summary, "galena: jump host edge: the host key is not the pinned one");
      assert.equal(error.facts.at, "~/.ssh/config: Host galena");
      assert.deepEqual([edge.authentications, server.connections], [[], 0]);
    });

    it("never trusts a jump host on first use, also where the machine may be", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      const spec = server.spec({
        backEnd,
        hostKeyPolicy: "accept-new",
        hostKeys: [],
        jumpHosts: [hop("edge", edge, { hostKeys: [] })],
      });
      const error = await failure(connect(spec, silent, soon()));
      assert.ok(error instanceof HostKeyUnknownError);
      assert.match(error.facts.summary, /^galena: jump host edge: no host key is known/);
      assert.ok(error.facts.fix.endsWith(edge.hostKeys[0]?.public ?? "no key"));
    });

    it("ends at a jump host that refuses the identity, which is named", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      const { identityFiles } = server.spec();
      const error = await failure(
        connect(server.spec({ backEnd, jumpHosts: [hop("edge", edge, { identityFiles })] }), silent, soon()),
      );
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.facts.summary, "galena: jump host edge: the host accepts none of your keys for user jump");
      assert.equal(error.facts.found, `refused: ${identityFiles[0]}`);
    });

    it("says who does not answer: the jump host, or the host behind it", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      const soonOver = { backEnd, connectDeadlineSeconds: 2 };
      const [down, behind] = await Promise.all([
        failure(connect(server.spec({ ...soonOver, jumpHosts: [hop("edge", edge, { port: 1 })] }), silent, soon())),
        failure(connect(server.spec({ ...soonOver, port: 1, jumpHosts: [hop("edge", edge)] }), silent, soon())),
      ]);
      assert.ok(down instanceof HostUnreachableError && behind instanceof HostUnreachableError);
      assert.match(down.reason, /^jump host edge: .*(?:ECONNREFUSED|Connection refused)/);
      assert.equal(down.facts.expected, "an SSH server at 127.0.0.1:1");
      assert.doesNotMatch(behind.reason, /^jump host/);
      assert.match(behind.facts.summary, /^galena: the host does not answer/);
    });

    it("ends what is under way when a jump host dies", async () => {
      await using edge = await startTestServer({ forwards: true });
      await using server = await startTestServer();
      await using host = await connect(server.spec({ backEnd, jumpHosts: [hop("edge", edge)] }), silent, soon());
      const running = host.exec(["sleep", "30"], {}, soon());
      edge.cut();
      await assert.rejects(running, { name: "ConnectionLostError" });
      assert.ok(host.dead.aborted);
    });
  });
}
