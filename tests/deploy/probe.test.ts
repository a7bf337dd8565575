import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { probeHost } from "../../deploy/probe.ts";
import { soon } from "./support/signals.ts";
import { startTestServer } from "./support/ssh-server.ts";

describe("a host that is probed", () => {
  it("is unreachable when it hangs up in the middle of its answer", async () => {
    await using server = await startTestServer({ onExec: (_line, _channel, connection) => connection.end() });
    const probe = await probeHost(server.spec(), "nixos", soon());
    assert.ok(probe.kind === "unreachable");
    assert.equal(probe.reason, "the connection was lost: the channel was closed before the command ended");
  });
});
