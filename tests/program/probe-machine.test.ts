import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "mocha";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { hostProber } from "../../program/probe-machine.ts";

const declared = parseStorePath(`/nix/store/${"1".repeat(32)}-nixos-system-galena`);

describe("a machine's line in a preview", () => {
  const probe = async (targetHost: string) => {
    const way = { targetHost, definedAt: "Pulumi.core.yaml", identityFiles: ["/nonexistent/key"], hostKeys: [] };
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config: {} };
    const prober = hostProber(new Map([["galena", way]]), stack, AbortSignal.timeout(20_000));
    return (await prober("galena", targetHost, "nixos", declared)).line;
  };

  it("says what is wrong with the way to its host, and the preview goes on", async () => {
    assert.match(await probe("root@no such host"), /^could not be asked: .* is no SSH target/);
  });

  it("says that nobody answers", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await probe(`root@127.0.0.1:${address.port}`), /^unreachable: .*ECONNREFUSED/);
  });
});
