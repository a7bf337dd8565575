import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, beforeEach, describe, it } from "mocha";
import { SudoError } from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { backEnds } from "../../../deploy/ssh/transport.ts";
import { soon } from "../support/signals.ts";
import { startTestServer, type TestServer } from "../support/ssh-server.ts";

/** sudo's manners: reads one line byte by byte when it must ask, three times at most; asks nothing when a file says so. */
const sudo = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/calls"
ask=1; [ -e "$here/nopasswd" ] && ask=0
never=0; input=0
while :; do case $1 in
  -n) never=1; shift ;; -S) input=1; shift ;; -k) shift ;; -p) shift 2 ;; --) shift; break ;; *) break ;;
esac; done
if [ $ask = 1 ]; then
  [ $never = 1 ] && { echo "sudo: a password is required" >&2; exit 1; }
  tries=0
  while :; do
    IFS= read -r given || { echo "sudo: no password was provided" >&2; exit 1; }
    printf '%s\\n' "$given" >>"$here/attempts"
    [ "$given" = "$(cat "$here/password")" ] && break
    tries=$((tries + 1)); [ $tries = 3 ] && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
  done
fi
SUDO_UID=1000; export SUDO_UID
exec "$@"
`;
const password = "correct horse $(id) 'battery' \\\\ staple";

for (const backEnd of backEnds) {
  describe(`sudo for a login user (${backEnd})`, () => {
    let folder: string;
    let server: TestServer;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "sudo-"));
      await writeFile(join(folder, "sudo"), sudo);
      await chmod(join(folder, "sudo"), 0o755);
      await writeFile(join(folder, "password"), password);
      server = await startTestServer({
        onExec: (line, channel) => {
          const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
          const child = spawn("/bin/sh", ["-c", line], { env, stdio: "pipe" });
          channel.pipe(child.stdin).on("error", () => undefined);
          child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
          child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
          child.once("close", (code) => {
            channel.exit(code ?? 255);
            channel.end();
          });
        },
      });
    });
    beforeEach(() =>
      Promise.all(["calls", "attempts", "nopasswd"].map((name) => rm(join(folder, name), { force: true }))),
    );
    after(async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });
    const dial = (changes: Readonly<Record<string, unknown>> = {}) =>
      connect(server.spec({ backEnd, user: "cameron", ...changes }), () => undefined, soon());
    const noted = (name: string) => readFile(join(folder, name), "utf8").then((text) => text.trimEnd().split("\n"));

    it("hands the password through the input, asked once, and never in a command line", async () => {
      await using host = await dial({ sudoPassword: password });
      const script = { name: "who", text: '{ echo "$SUDO_UID $1"; cat; exit\n}\n', args: ["a b"] };
      for (let run = 0; run < 2; run++) {
        assert.equal(await host.read(script, { elevation: "sudo" }, soon()), "1000 a b\n");
      }
      assert.deepEqual(await noted("attempts"), [password, password, password]);
      const calls = await noted("calls");
      assert.deepEqual(calls.slice(0, 2), ["-n -- true", "-k -S -p  -- true"]);
      assert.ok(calls.slice(2).every((line) => line.startsWith("-k -S -p  -- /bin/sh -c ")));
      assert.doesNotMatch(calls.join("\n"), /battery/);
    });

    it("leaves the command's own input whole, whatever it holds, also where sudo reads no password after all", async () => {
      await using host = await dial({ sudoPassword: password });
      let free = false;
      await host.read(["true"], { elevation: "sudo" }, soon());
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 40 }), async (stdin) => {
          free = !free;
          await (free ? writeFile(join(folder, "nopasswd"), "") : rm(join(folder, "nopasswd"), { force: true }));
          assert.equal(await host.read(["cat"], { elevation: "sudo", stdin }, soon()), Buffer.from(stdin).toString());
        }),
        { numRuns: 12 },
      );
    });

    it("uses no password where none is asked for", async () => {
      await writeFile(join(folder, "nopasswd"), "");
      await using host = await dial({ sudoPassword: password });
      assert.equal(await host.read(["echo", "root"], { elevation: "sudo" }, soon()), "root\n");
      assert.deepEqual(await noted("calls"), ["-n -- true", "-n -- echo root"]);
    });

    it("tries a wrong password once, and says so without it", async () => {
      await using host = await dial({ sudoPassword: "hunter2" });
      const error = await host.exec(["id"], { elevation: "sudo" }, soon()).catch((caught: unknown) => caught);
      assert.ok(error instanceof SudoError);
      assert.equal(
        error.message,
        [
          "galena: user cameron cannot become root on the host",
          "  expected: sudo that takes the password of the stack",
          "  found:    sudo: no password was provided",
          `  at:       127.0.0.1:${server.port}`,
          "  fix:      correct the password, or log in as root",
        ].join("\n"),
      );
      assert.deepEqual(await noted("attempts"), ["hunter2"]);
    });

    it("is one clear error where a password would be needed and none is there", async () => {
      await using host = await dial();
      const error = await host.exec(["id"], { elevation: "sudo" }, soon()).catch((caught: unknown) => caught);
      assert.ok(error instanceof SudoError);
      assert.equal(error.facts.found, "sudo: a password is required");
    });
  });
}
