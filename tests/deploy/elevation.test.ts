import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { ServerChannel } from "ssh2";
import { HostSession } from "../../deploy/host-session.ts";
import { ConnectionPool } from "../../deploy/ssh/connection-pool.ts";
import { soon } from "./support/signals.ts";
import { startTestServer, type TestServer } from "./support/ssh-server.ts";

/** A login user: `id` says 1000 until `sudo` was asked, which notes what it was asked. */
const tools = {
  id: '#!/bin/sh\nif [ -n "$SUDO_UID" ]; then echo 0; else echo 1000; fi\n',
  sudo: `#!/bin/sh
[ -e "$(dirname "$0")/sudo-asks" ] && { echo "sudo: a password is required" >&2; exit 1; }
echo "$*" >>"$(dirname "$0")/sudo-calls"
[ "$1" = -n ] && shift; [ "$1" = -- ] && shift
SUDO_UID=1000; export SUDO_UID
exec "$@"
`,
};

describe("being root on a host of a login user", () => {
  let folder: string;
  let server: TestServer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "elevation-"));
    for (const [name, text] of Object.entries(tools)) {
      await writeFile(join(folder, name), text);
      await chmod(join(folder, name), 0o755);
    }
    server = await startTestServer({ onExec: (line, channel) => run(folder, line, channel) });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("comes from sudo without a question, found out with the facts and used from then on", async () => {
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, server.spec(), 5, () => undefined);
    const facts = await session.facts({ class: "nixos" }, soon());
    assert.deepEqual([facts.uid, facts.loginUid, session.elevation], [0, 1000, "sudo"]);
    const script = { name: "who", text: '{ echo "$SUDO_UID" "$1"; exit\n}\n', args: ["a b"] };
    assert.equal(await session.script(script, {}, soon()), "1000 a b\n");
    assert.equal(server.connections, 1);
  });

  it("is not pretended where sudo asks for a password", async () => {
    await writeFile(join(folder, "sudo-asks"), "");
    await using pool = new ConnectionPool();
    const session = new HostSession(pool, server.spec(), 5, () => undefined);
    // The facts script itself sees this test's real user; that it was not run by sudo shows in its login user.
    assert.equal((await session.facts({ class: "nixos" }, soon())).loginUid, process.getuid?.());
  });
});

function run(folder: string, line: string, channel: ServerChannel): void {
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const child = spawn("/bin/sh", ["-c", line], { env, stdio: "pipe" });
  channel.pipe(child.stdin);
  child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  child.once("close", (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
}
