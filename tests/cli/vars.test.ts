import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { generateAgeKey } from "../../clan/vars/age/age-file.ts";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");

/** The sound fleet without anybody's vars and keys. */
const withoutVars = Object.fromEntries(
  Object.entries(soundFleet).filter(([path]) => !path.startsWith("vars/") && !path.startsWith("sops/")),
);

describe("fleet vars", function () {
  this.timeout(60_000);

  it("generates a machine's keys, tells what it wrote and that nothing was committed, and finds them sound", async () => {
    await using fleet = await temporaryFleet(withoutVars);
    const { identity } = await generateAgeKey();
    const run = (...args: string[]) =>
      tryCommand(
        process.execPath,
        [command, "-C", fleet.root, "vars", ...args],
        { env: { ...process.env, SOPS_AGE_KEY: identity } },
        patience(),
      );
    const made = await run("generate", "galena", "--with", "builtin", "--user", "mina");
    assert.equal(made.exitCode, 0, made.stderr);
    assert.deepEqual(
      made.stdout
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/ {2,}/).join(" | ")),
      ["machine | what", "- | user mina | written", "galena | age-key | written", "galena | openssh | written"],
    );
    assert.match(made.stderr, /Nothing was committed: look at `git status`, then `git add vars sops`\./);
    const found = await run("check", "galena", "--no-evaluate");
    assert.deepEqual([found.exitCode, found.stdout], [0, "0 errors, 0 warnings, 0 info\n"], found.stderr);
  });

  it("writes no secret into the trace that --debug asks for", async () => {
    await using fleet = await temporaryFleet(withoutVars);
    const { identity } = await generateAgeKey();
    const secret = "the-token-of-a-tunnel";
    const asked = ["--user", "mina", "--password", "mina", "--command", `tunnel/token=printf %s ${secret}`];
    const traced = await tryCommand(
      process.execPath,
      [command, "-C", fleet.root, "vars", "generate", "galena", "--with", "builtin", ...asked, "--debug"],
      { env: { ...process.env, SOPS_AGE_KEY: identity } },
      patience(),
    );
    assert.equal(traced.exitCode, 0, traced.stderr);
    assert.match(traced.stderr, /^ +\d+\.\d{3} s {2}process {3}sh -c …$/m);
    assert.match(traced.stderr, /^ +\d+\.\d{3} s {2}process {3}sh -c …: exit 0, \d+\.\d{3} s$/m);
    const said = traced.stdout + traced.stderr;
    for (const word of [secret, identity, "AGE-SECRET-KEY", "PRIVATE KEY", "$y$", "$6$"])
      assert.ok(!said.includes(word), word);
  });

  it("names a secret that its machine cannot open, with the command that mends it, and exits 1", async () => {
    const files = { ...soundFleet, "sops/machines/galena/key.json": '[{ "publickey": "age1new", "type": "age" }]' };
    await using fleet = await temporaryFleet(files);
    const check = (...args: string[]) =>
      tryCommand(
        process.execPath,
        [command, "-C", fleet.root, "vars", "check", "--no-evaluate", ...args],
        {},
        patience(),
      );
    const found = await check("galena");
    assert.equal(found.exitCode, 1, found.stderr);
    assert.match(
      found.stdout,
      /FC032 {2}vars\/per-machine\/galena\/root-password\/hash is not encrypted to the key of/,
    );
    assert.match(found.stdout, /fix {2}clan vars fix galena/);
    assert.equal((await check("electrum")).exitCode, 0, "it is another machine's");
    assert.equal((await check("slate")).exitCode, 2, "there is no such machine");
  });

  it("makes nothing by itself in a clan of the age back end", async () => {
    await using fleet = await temporaryFleet({ ...withoutVars, "secrets/age-keys/machines/galena/pub": "age1galena" });
    const args = [command, "-C", fleet.root, "vars", "generate", "galena", "--with", "builtin", "--user", "mina"];
    const { exitCode, stderr } = await tryCommand(process.execPath, args, {}, patience());
    assert.equal(exitCode, 1);
    assert.match(stderr, /keeps its secrets with its age back end, for which nothing is built in/);
    assert.deepEqual(
      (await readdir(fleet.root)).filter((name) => name === "sops" || name === "vars"),
      [],
    );
  });

  it("says how to get clan's own command where it is wanted and not there", async () => {
    await using fleet = await temporaryFleet(soundFleet);
    const args = [command, "-C", fleet.root, "vars", "generate", "galena", "--with", "clan"];
    const env = { ...process.env, PATH: join(fleet.root, "modules/machines") };
    const { exitCode, stderr } = await tryCommand(process.execPath, args, { env }, patience());
    assert.equal(exitCode, 1);
    assert.match(stderr, /found: {4}no such program\n(?:.*\n)? {2}fix: {6}get the command from clan-core/);
  });

  it("takes no name that leads to another folder: it would be replaced as a whole", async () => {
    await using fleet = await temporaryFleet(withoutVars);
    const generate = [
      command,
      "-C",
      fleet.root,
      "vars",
      "generate",
      "galena",
      "--with",
      "builtin",
      "--regenerate",
      "--yes",
    ];
    for (const option of [
      "--command=../x=echo",
      "--command=./x=echo",
      "--command=x/..=echo",
      "--user=..",
      "--password=../x",
    ]) {
      const { exitCode, stderr } = await tryCommand(process.execPath, [...generate, option], {}, patience());
      assert.deepEqual([exitCode, stderr.includes("is invalid. expected")], [2, true], `${option}: ${stderr}`);
    }
  });

  it("replaces nothing before somebody agreed", async () => {
    await using fleet = await temporaryFleet(soundFleet);
    const key = join(fleet.root, "sops/machines/galena/key.json");
    const before = await readFile(key, "utf8");
    const args = [command, "-C", fleet.root, "vars", "generate", "galena", "--with", "builtin", "--regenerate"];
    const asked = await tryCommand(process.execPath, args, {}, patience());
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /Replace vars of galena\?.*say --yes/);
    assert.equal(await readFile(key, "utf8"), before);
  });

  it("of a fleet that cannot be read says why and exits 2, as a check does", async () => {
    await using fleet = await temporaryFleet({ ...soundFleet, "fleet.ts": "export default 3;\n" });
    const args = [command, "-C", fleet.root, "vars", "check", "--no-evaluate"];
    const found = await tryCommand(process.execPath, args, {}, patience());
    assert.deepEqual([found.exitCode, found.stdout], [2, ""], found.stderr);
    assert.match(found.stderr, /fleet\.ts/);
  });
});
