import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { fleetGraphSchema } from "../../clan/graph/fleet-graph.ts";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { edit, soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { FixtureFlake } from "../clan/flake/support/fixture-flake.ts";
import { type TemporaryFleet, temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";
import { withoutWaiting } from "./support/without-waiting.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");
const run = promisify(execFile);

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
  return (await run("git", [...identity, ...args], { cwd: folder })).stdout;
}

describe("the commands that show the wiring", () => {
  let fleet: TemporaryFleet;
  const call = (...args: readonly string[]) =>
    withoutWaiting(tryCommand(process.execPath, [command, "-C", fleet.root, ...args], {}, patience()));
  const lines = (text: string): readonly string[] => text.trimEnd().split("\n");

  before(async () => {
    fleet = await temporaryFleet(soundFleet);
  });
  after(() => fleet[Symbol.asyncDispose]());

  it("graph: JSON by its schema, of the fleet or of one machine; DOT and Mermaid", async () => {
    const whole = fleetGraphSchema.parse(JSON.parse((await call("graph")).stdout));
    const one = fleetGraphSchema.parse(JSON.parse((await call("graph", "--machine", "stibnite")).stdout));
    assert.ok(one.nodes.length < whole.nodes.length);
    assert.match((await call("graph", "--format", "dot")).stdout, /^digraph "sound" \{/);
    assert.match((await call("graph", "--format", "mermaid")).stdout, /^flowchart LR/);
    assert.equal((await call("graph", "--format", "png")).exitCode, 2);
    const unknown = await call("graph", "--machine", "stibnit");
    assert.deepEqual([unknown.exitCode, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /did you mean "stibnite"\?/);
  });

  it("why: exits 0 with the ways, 1 where the machine does not get it", async () => {
    const gets = await call("why", "galena", "base");
    assert.deepEqual([gets.exitCode, lines(gets.stdout)[0], gets.stderr], [0, "galena gets nixos/base, one way:", ""]);
    const lacks = await call("why", "stibnite", "nixos/base");
    assert.deepEqual(
      [lacks.exitCode, lacks.stdout],
      [1, "stibnite does not get nixos/base: cinnabar electrum galena do\n"],
    );
    const { stdout } = await call("why", "galena", "zerotier/peer", "--json");
    assert.deepEqual(JSON.parse(stdout), {
      machine: "galena",
      target: { kind: "role", name: "zerotier/peer" },
      chains: [
        [
          { from: { kind: "machine", name: "galena" }, does: "carries", to: { kind: "tag", name: "peer" } },
          { from: { kind: "tag", name: "peer" }, does: "has role", to: { kind: "role", name: "zerotier/peer" } },
        ],
      ],
      machines: ["electrum", "galena"],
    });
  });

  it("impact: of a file from the folder in which it is called, of an entry, a tag, an instance", async () => {
    const file = await call("impact", "modules/nixos/base/ssh.ts");
    assert.equal(
      file.stdout,
      `modules/nixos/base/ssh.ts reaches 3 of 4 machines, by imports:
  cinnabar  nixos/machines/nixos/cinnabar → nixos/base
  electrum  nixos/machines/nixos/electrum → nixos/base
  galena    nixos/machines/nixos/galena → nixos/base
`,
      file.stderr,
    );
    const inside = await tryCommand(
      "sh",
      [
        "-c",
        'cd "$1/modules/nixos/base" && exec "$2" "$3" -C "$1" impact ./ssh.ts --json',
        "sh",
        fleet.root,
        process.execPath,
        command,
      ],
      {},
      patience(),
    );
    assert.deepEqual(Object.keys(JSON.parse(inside.stdout).machines), ["cinnabar", "electrum", "galena"]);
    for (const [thing, machines] of [
      ["ai", 2],
      ["tag:cloud", 3],
      ["board", 1],
      ["justfile", 0],
    ] as const) {
      const { stdout, exitCode } = await call("impact", thing, "--json");
      assert.deepEqual([exitCode, Object.keys(JSON.parse(stdout).machines).length], [0, machines], thing);
    }
    const missing = await call("impact", "modules/nixos/base/shs.ts");
    assert.equal(missing.exitCode, 1);
    assert.match(missing.stderr, /did you mean "modules\/nixos\/base\/ssh\.ts"\?/);
    assert.match((await call("impact", "nixos/baes")).stderr, /did you mean "nixos\/base"\?/);
  });

  it("asks which is meant where several things have a name", async () => {
    const several = await call("-C", join(import.meta.dirname, "../.."), "impact", "base");
    assert.deepEqual([several.exitCode, several.stdout], [1, ""]);
    assert.match(several.stderr, /found: {4}entry:darwin\/base, entry:nixos\/base/);
    const one = await call("-C", join(import.meta.dirname, "../.."), "why", "galena", "base");
    assert.match(one.stdout, /nixos\/base/, "the one that the machine gets");
  });

  it("diff: a commit with the working tree, two commits, two folders; leaves nothing behind", async () => {
    await using repository = await temporaryFleet(soundFleet);
    const { root } = repository;
    await writeFile(join(root, ".gitignore"), "node_modules\n");
    await git(root, "init", "--quiet");
    await git(root, "add", "-A");
    await git(root, "commit", "--quiet", "-m", "first");
    const changed = edit("modules/clan/inventory.ts", 'peer: { tags: ["peer"] }', 'peer: { tags: ["anchor"] }');
    await writeFile(join(root, "modules/clan/inventory.ts"), changed["modules/clan/inventory.ts"] ?? "");
    const status = await git(root, "status", "--porcelain");
    await using beside = await TemporaryFolder.make();
    const temporary = beside.path;
    const diff = (...args: readonly string[]) =>
      tryCommand(
        "env",
        [`TMPDIR=${temporary}`, process.execPath, command, "-C", root, "diff", ...args],
        {},
        patience(),
      );

    const expected = `machines
  ~ cinnabar
      roles: +zerotier/peer
  ~ electrum
      roles: -zerotier/peer
  ~ galena
      roles: -zerotier/peer

instances
  ~ zerotier
      members of peer: +cinnabar -electrum -galena
`;
    const working = await diff("HEAD");
    assert.deepEqual([working.exitCode, working.stdout], [0, expected], working.stderr);
    assert.equal(await git(root, "status", "--porcelain"), status, "working tree and index are as they were");
    assert.equal((await diff(fleet.root, root)).stdout, expected);
    assert.equal((await diff("HEAD", "HEAD")).stdout, "no difference\n");
    assert.equal(JSON.parse((await diff("HEAD", "--json")).stdout).schema, 1);
    assert.match((await diff("HEAD", "--format", "markdown")).stdout, /^### Machines\n\n- `cinnabar` changed\n/);

    const neither = await diff("HAED");
    assert.equal(neither.exitCode, 1);
    assert.match(neither.stderr, /HAED: no folder and no revision/);
    assert.deepEqual(await readdir(temporary), []);
  });
});

describe("the commands that show the wiring of a flake that somebody else wrote", () => {
  let flake: FixtureFlake;
  const call = (...args: readonly string[]) => {
    const options = { env: { ...process.env, PULUMI_CLAN_CACHE: flake.cacheDir } };
    return tryCommand(process.execPath, [command, "--flake", flake.path, ...args], options, patience());
  };

  before(async () => {
    flake = await FixtureFlake.make("classical", {
      "machines/opal/configuration.nix": `{
  nixpkgs.hostPlatform = "x86_64-linux";
  networking.hostName = "opal";
  imports = [ ../../profiles/web.nix ];
}
`,
      "profiles/web.nix": "{ imports = [ ./tls.nix ]; }\n",
      "profiles/tls.nix": "{ }\n",
    });
    await git(flake.path, "add", "--all");
    await git(flake.path, "commit", "--quiet", "-m", "first");
  });
  after(() => flake[Symbol.asyncDispose]());

  it("graph: of the fleet, and of one machine", async () => {
    const whole = fleetGraphSchema.parse(JSON.parse((await call("graph")).stdout));
    const machines = whole.nodes.filter(({ kind }) => kind === "machine").map(({ name }) => name);
    assert.deepEqual(machines.sort(), ["jon", "opal", "sara"]);
    const one = await call("graph", "--machine", "sara", "--format", "mermaid");
    assert.match(one.stdout, /server/, one.stderr);
    assert.doesNotMatch(one.stdout, /profiles/);
  });

  it("why: by imports, and by tag and role", async () => {
    const file = await call("why", "opal", "profiles/tls.nix");
    assert.equal(
      file.stdout,
      `opal gets profiles/tls.nix, one way:
  opal imports machines/opal/configuration.nix
  machines/opal/configuration.nix imports profiles/web.nix
  profiles/web.nix imports profiles/tls.nix
`,
      file.stderr,
    );
    const role = await call("why", "sara", "backup/client");
    assert.equal(
      role.stdout,
      "sara gets role backup/client, one way:\n  sara carries tag server\n  tag server has role backup/client\n",
    );
    assert.equal((await call("why", "opal", "tag:server")).exitCode, 1);
  });

  it("impact: of a file that machines import, and of an instance", async () => {
    const { stdout, stderr } = await call("impact", "profiles/tls.nix", "--json");
    assert.deepEqual(Object.keys(JSON.parse(stdout).machines), ["opal"], stderr);
    const instance = await call("impact", "borgbackup", "--json");
    assert.deepEqual(Object.keys(JSON.parse(instance.stdout).machines), ["jon", "sara"], instance.stderr);
  });

  it("diff: a commit with the flake as it is now, which stays as it is", async () => {
    const inventory = await readFile(join(flake.path, "inventory.nix"), "utf8");
    await flake.folder.write({ "inventory.nix": inventory.replace('[ "laptop" "server" ]', '[ "laptop" ]') });
    const { stdout, stderr } = await call("diff", "HEAD");
    assert.equal(
      stdout,
      `machines
  ~ sara
      tags: -server
      roles: -backup/client

instances
  ~ backup
      members of client: -sara
`,
      stderr,
    );
    assert.equal(await git(flake.path, "status", "--porcelain"), " M inventory.nix\n");
  });
});
