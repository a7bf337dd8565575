import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

// A program in the CLI's place that tells what it was given; the stand-in for the cloud is the real one.
const fakeCli = `#!/bin/sh
case "$1 $2" in
  "stack ls") echo '[{"name":"core","current":false}]' ;;
  "stack init") echo "$*" >>"$SEEN" ;;
  *)
    echo "args $*"
    echo "stack \${PULUMI_STACK-none}, passphrase '\${PULUMI_CONFIG_PASSPHRASE-none}', continue \${PULUMI_CONTINUE_ON_ERROR-none}"
    echo "providers \${PULUMI_DEBUG_PROVIDERS-none}"
    [ "$1" != watch ] || exec sleep 600
    exit 7
    ;;
esac
`;

const script = resolve(import.meta.dirname, "..", "..", "scripts", "lib", "run-pulumi.ts");

describe("npm run pulumi", () => {
  let dir = "";
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "run-pulumi-"));
    await writeFile(join(dir, "pulumi"), fakeCli);
    await chmod(join(dir, "pulumi"), 0o755);
  });
  after(() => rm(dir, { recursive: true }));

  function start(args: readonly string[], settings: NodeJS.ProcessEnv = {}): ChildProcess {
    const { PULUMI_STACK: _, PULUMI_CONFIG_PASSPHRASE: __, PULUMI_CLAN_SIM_HOSTS: ___, ...inherited } = process.env;
    const own = {
      PATH: `${dir}:${process.env["PATH"]}`,
      SEEN: join(dir, "seen"),
      PULUMI_CLAN_SIM_STATE: join(dir, "sim"),
    };
    // a group of its own, as a terminal gives it: ^C reaches all of it
    return spawn(process.execPath, [script, ...args], { env: { ...inherited, ...own, ...settings }, detached: true });
  }

  async function end(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const { stdout, stderr } = child;
    assert(stdout !== null && stderr !== null);
    const [out, err] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
    return { code: child.exitCode, stdout: out, stderr: err };
  }

  const portIn = (output: string): number => Number(/providers .*gcp:(\d+)\n/.exec(output)?.[1]);

  async function answers(port: number): Promise<boolean> {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  it("makes stack local, runs the CLI with the cloud attached, and ends with its exit code", async () => {
    const { code, stdout, stderr } = await end(start(["up", "--yes"]));
    assert.equal(stderr, "");
    assert.equal(code, 7);
    assert.match(
      stdout,
      /^args up --yes --config-file=.*\/sim\/Pulumi\.local\.yaml\nstack local, passphrase '', continue true\n/,
    );
    assert.equal(await readFile(join(dir, "seen"), "utf8"), "stack init local --no-select --non-interactive\n");
    assert.equal(await answers(portIn(stdout)), false);
  });

  it("gives another stack nothing of the simulation", async () => {
    const { code, stdout } = await end(start(["preview", "--stack", "core"]));
    assert.equal(code, 7);
    assert.equal(stdout, "args preview --stack core\nstack none, passphrase 'none', continue true\nproviders none\n");
  });

  it("keeps what the user has set", async () => {
    const settings = {
      PULUMI_STACK: "local",
      PULUMI_CONFIG_PASSPHRASE: "own",
      PULUMI_CONTINUE_ON_ERROR: "false",
      PULUMI_DEBUG_PROVIDERS: "aws:1",
    };
    const { stdout } = await end(start(["up"], settings));
    assert.match(stdout, /\nstack local, passphrase 'own', continue false\nproviders aws:1,gcp:\d+\n$/);
  });

  it("keeps the cloud for the CLI until it has ended after ^C, and no longer", async () => {
    const child = start(["watch"]);
    let output = "";
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (chunk) => {
        output += String(chunk);
        if (portIn(output) > 0) resolve();
      });
    });
    assert.equal(await answers(portIn(output)), true);
    process.kill(-(child.pid ?? 0), "SIGINT");
    await once(child, "close");
    assert.equal(child.exitCode, 130);
    assert.equal(await answers(portIn(output)), false);
  });
});
