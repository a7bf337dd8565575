import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { describe, it } from "mocha";
import { runCommand, tryCommand } from "../../sim/hosts/run-command.ts";
import { soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";

const command = resolve("cli/fleet.ts");
const standIn = resolve("sim/clan");
const declared = "galena/tor,galena/wifi,electrum/tor";

/** A fleet in git, and `fleet vars generate` in it with the stand-in for clan's command in PATH. */
async function fleetInGit() {
  const fleet = await temporaryFleet(soundFleet);
  const git = async (...args: string[]): Promise<string> => {
    const identity = ["-c", "user.name=mina", "-c", "user.email=mina@example.org"];
    return (await runCommand("git", ["-C", fleet.root, ...identity, ...args], {}, patience())).trimEnd();
  };
  await git("init", "--quiet");
  await git("add", "fleet.ts");
  await git("commit", "--quiet", "--message", "a fleet");
  const args = (...words: string[]) => [command, "-C", fleet.root, "vars", "generate", "--with", "clan", ...words];
  const env = (changes: Readonly<Record<string, string>> = {}) => ({
    ...process.env,
    PATH: [standIn, process.env["PATH"]].join(delimiter),
    CLAN_SIM_GENERATORS: declared,
    ...changes,
  });
  return {
    ...fleet,
    git,
    args,
    env,
    run: (words: string[], changes?: Readonly<Record<string, string>>) =>
      tryCommand(process.execPath, args(...words), { env: env(changes) }, patience()),
    made: async (): Promise<string[]> =>
      (await git("ls-files", "vars")).split("\n").filter((path) => path.endsWith("/name/value")),
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

const path = (machine: string, generator: string) => `vars/per-machine/${machine}/${generator}/name/value`;

describe("fleet vars generate with clan's command", function () {
  this.timeout(120_000);

  it("generates what is missing on the machines that were asked for, and commits nothing of it", async () => {
    await using fleet = await fleetInGit();
    const { exitCode, stderr } = await fleet.run(["galena"]);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await fleet.made(), [path("galena", "tor"), path("galena", "wifi")]);
    assert.equal(await fleet.git("rev-list", "--count", "HEAD"), "1");
    assert.equal(await fleet.git("diff", "--cached", "--name-only"), "", "added with intent alone");
    assert.equal((await fleet.run([])).exitCode, 0);
    assert.equal((await fleet.made()).length, 3);
  });

  it("runs it once for each generator that was named: of several clan would take the last", async () => {
    await using fleet = await fleetInGit();
    const words = ["galena", "--generator", "tor", "--generator", "wifi", "--regenerate", "--yes"];
    assert.equal((await fleet.run(words)).exitCode, 0);
    assert.deepEqual(await fleet.made(), [path("galena", "tor"), path("galena", "wifi")]);
  });

  it("says that it failed, keeps what was made before, and goes on the next time", async () => {
    await using fleet = await fleetInGit();
    const failed = await fleet.run(["galena"], { CLAN_SIM_FAULT: "fail:wifi" });
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /generator wifi of galena failed\n/);
    assert.match(failed.stderr, /clan's generators did not run to their end\n.*\n {2}found: {4}exit code 1/);
    assert.match(failed.stderr, /the next run goes on/);
    assert.deepEqual(await fleet.made(), [path("galena", "tor")]);
    assert.equal((await fleet.run(["galena"])).exitCode, 0);
    assert.deepEqual(await fleet.made(), [path("galena", "tor"), path("galena", "wifi")]);
    assert.equal(await readFile(join(fleet.root, path("galena", "tor")), "utf8"), "tor of galena");
  });

  it("is interrupted together with it: it ends first, and nothing half made is left", async () => {
    await using fleet = await fleetInGit();
    const env = fleet.env({ CLAN_SIM_FAULT: "wait:wifi" });
    const child = spawn(process.execPath, fleet.args("galena"), { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    const ended = once(child, "close", { signal: patience() });
    for await (const chunk of child.stderr.setEncoding("utf8")) {
      const before = said;
      said += String(chunk);
      if (said.includes("Enter the value for wifi") && !before.includes("Enter the value")) child.kill("SIGINT");
    }
    assert.deepEqual(await ended, [130, null], said);
    assert.match(said, /Interrupted by user\n/);
    assert.deepEqual(await fleet.made(), [path("galena", "tor")]);
  });
});
