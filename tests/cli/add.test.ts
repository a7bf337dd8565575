import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { z } from "zod";
import { rulesBesideEvaluation } from "../../clan/checks/all-rules.ts";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { type Files, soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";
import { withoutWaiting } from "./support/without-waiting.ts";

const checkout = join(import.meta.dirname, "../..");
const command = join(checkout, "cli/fleet.ts");

/** A fleet in a repository of its own, in which commands run. */
async function fleetOf(files: Files) {
  const { root, ...tree } = await temporaryFleet({ ...files, ".gitignore": "node_modules\n" });
  const git = (...args: string[]) => tryCommand("git", ["-C", root, ...args], {}, patience());
  await git("init", "--quiet");
  await git("add", "--all");
  const fleet = (...args: string[]) =>
    withoutWaiting(tryCommand(process.execPath, [command, "-C", root, ...args], {}, patience()));
  return { root, git, fleet, read: (path: string) => readFile(join(root, path), "utf8"), ...tree };
}

const document = z.strictObject({
  written: z.boolean(),
  files: z.array(z.strictObject({ path: z.string(), change: z.enum(["made", "edited"]), patch: z.string() })),
  remaining: z.array(z.string()),
  findings: z.array(z.looseObject({ rule: z.string() })),
});

const clean = "0 errors, 0 warnings, 0 info\n";

describe("fleet add machine", function () {
  this.timeout(300_000);

  it("makes the machine's module and edits registry and inventory, so that no check has more to say", async () => {
    await using fleet = await fleetOf(soundFleet);
    const added = await fleet.fleet("add", "machine", "beryl", "--class", "nixos", "--tags", "cloud");
    assert.equal(
      added.stdout,
      "edited: modules/clan/inventory.ts\nedited: modules/clan/machines.ts\nmade: modules/machines/nixos/beryl/default.ts\n",
      added.stderr,
    );
    assert.equal(
      added.stderr,
      `What remains:
  - disks and hardware: state them in modules/machines/nixos/beryl/, e.g. nixFile("./_hardware.nix") with what nixos-generate-config says
  - DNS: beryl.zt must lead to the host
  - its secrets: fleet vars generate beryl
  - its host key: what clan's vars say; for another, pulumi-clan:hosts.beryl.hostKey in the stack
`,
    );
    assert.equal((await fleet.fleet("check")).stdout, clean);
    const { stdout: patch } = await fleet.git("diff", "--", "modules/clan");
    const put = patch.split("\n").filter((line) => /^[+-][^+-]/.test(line));
    assert.deepEqual(put, [
      '+        beryl: { tags: ["cloud"], deploy: { targetHost: "root@beryl.zt" } },',
      '+      beryl: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/beryl"]] },',
    ]);
    assert.equal(
      await fleet.read("modules/machines/nixos/beryl/default.ts"),
      `import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/beryl": {
            imports: [nixos.base],
            networking: { hostName: "beryl" },
          },
        },
      },
    },
  };
});
`,
    );
    const again = await fleet.fleet("add", "machine", "beryl", "--tags", "cloud");
    assert.deepEqual([again.exitCode, again.stdout, again.stderr], [0, "", "beryl is in the fleet already\n"]);
    const tagged = await fleet.fleet("add", "machine", "beryl", "--tags", "cloud,anchor");
    assert.equal(tagged.stdout, "edited: modules/clan/inventory.ts\n", tagged.stderr);
    assert.match(await fleet.read("modules/clan/inventory.ts"), /beryl: \{ tags: \["cloud", "anchor"\]/);
  });

  it("shows with --dry-run the patch that it would write, and writes nothing", async () => {
    await using fleet = await fleetOf(soundFleet);
    const words = ["add", "machine", "opal", "--class", "darwin", "--user", "cameron", "--description", "a spare"];
    const shown = await fleet.fleet(...words, "--dry-run");
    assert.equal((await fleet.git("status", "--porcelain")).stdout.includes("modules/machines/darwin/opal"), false);
    await writeFile(join(fleet.root, "opal.patch"), shown.stdout);
    assert.equal((await fleet.git("apply", "opal.patch")).exitCode, 0, shown.stdout + shown.stderr);
    const applied = await fleet.read("modules/machines/darwin/opal/default.ts");
    await fleet.git("checkout", "--", "modules");
    await fleet.git("clean", "-fdq", "modules");
    const json = await fleet.fleet(...words, "--json");
    const { written, files, findings } = document.parse(JSON.parse(json.stdout));
    assert.deepEqual([written, findings], [true, []]);
    assert.equal(files.map(({ patch }) => patch).join(""), shown.stdout);
    assert.equal(await fleet.read("modules/machines/darwin/opal/default.ts"), applied);
    assert.match(applied, /primaryUser: "cameron"/);
    assert.match(
      await fleet.read("modules/clan/inventory.ts"),
      /opal: \{ description: "a spare", machineClass: "darwin"/,
    );
  });

  it("refuses what the fleet contradicts or lacks, and writes nothing", async () => {
    await using fleet = await fleetOf(soundFleet);
    const refused: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["machine", "beryl"], 2, /--class is missing: nixos or darwin\?/],
      [["machine", "Beryl_", "--class", "nixos"], 1, /cannot be a machine's name/],
      [["machine", "galena", "--class", "darwin"], 1, /is a machine already, of class nixos/],
      [["machine", "beryl", "--class", "nixos", "--system", "aarch64-darwin"], 1, /contradict each other/],
      [["machine", "beryl", "--class", "nixos", "--user", "nobody"], 1, /nobody of that name/],
      [
        ["machine", "beryl", "--class", "nixos", "--import", "nixos/bas"],
        1,
        /there is no such entry[\s\S]*nixos\/base/,
      ],
      [["machine", "beryl", "--class", "nixos", "--stack", "none"], 1, /Pulumi\.none\.yaml: cannot take the machine/],
      [["feature", "games/quake"], 2, /--into is missing/],
      [["feature", "../games", "--into", "nixos/base"], 1, /no name for a file/],
      [["feature", "games/quake", "--into", "nixos/base"], 1, /its class is homeManager/],
      [["service", "tor", "--role", "server"], 2, /--tag or --machine is missing/],
      [["service", "tor", "--role", "server", "--machine", "galean"], 1, /galean: no machine of the fleet/],
      [["service", "zerotier", "--role", "peer", "--module", "tor"], 1, /is an instance already, of another service/],
    ];
    for (const [words, exitCode, message] of refused) {
      const answer = await fleet.fleet("add", ...words);
      assert.equal(answer.exitCode, exitCode, answer.stderr);
      assert.match(answer.stderr, message);
    }
    assert.equal((await fleet.git("status", "--porcelain")).stdout.match(/^.[^ ]/m), null);
  });

  it("refuses what a check would warn of, unless it is wanted anyway", async () => {
    await using fleet = await fleetOf(soundFleet);
    const role = ["add", "service", "wifi", "--role", "default", "--tag", "clouds"];
    const refused = await fleet.fleet(...role);
    assert.equal(refused.exitCode, 1, refused.stdout);
    assert.match(refused.stderr, /warning +FC022[\s\S]*fix +write "cloud"[\s\S]*nothing was written/);
    const { written, findings } = document.parse(JSON.parse((await fleet.fleet(...role, "--anyway", "--json")).stdout));
    assert.deepEqual([written, findings.map(({ rule }) => rule)], [true, ["FC022"]]);
  });

  it("counts what generating vars mends, and an emission that was not up to date, to what remains", async () => {
    await using fleet = await fleetOf({ ...soundFleet, "flake.nix": "{ outputs = _: { }; }\n" });
    const peer = await fleet.fleet("add", "machine", "beryl", "--class", "nixos", "--tags", "cloud,peer");
    assert.equal(peer.exitCode, 0, peer.stderr);
    assert.match(peer.stderr, /FC031 +beryl is a member of zerotier, but its ZeroTier identity was never generated/);
    // The sound fleet has no flake-parts to be emitted with.
    assert.match(peer.stderr, /- flake\.nix and nix\/ were out of date: fleet emit\n/);
    assert.equal(await fleet.read("flake.nix"), "{ outputs = _: { }; }\n");
  });
});

describe("fleet types", function () {
  this.timeout(300_000);

  it("writes fleet.d.ts, which check holds against the fleet and an update does not", async () => {
    await using fleet = await fleetOf(soundFleet);
    const answer = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await fleet.fleet(...args);
      return [exitCode, stdout + stderr] as const;
    };
    assert.deepEqual(await answer("types", "--check"), [1, "fleet.d.ts is out of date: run `fleet types`\n"]);
    assert.deepEqual(await answer("types"), [0, "written: fleet.d.ts\n"]);
    assert.deepEqual(await answer("types"), [0, "fleet.d.ts is up to date\n"]);
    assert.equal((await fleet.fleet("check")).stdout, clean);
    const chrony = `export default { flake: { modules: { generic: { chrony: {} } } } };\n`;
    await writeFile(join(fleet.root, "modules/nixos/chrony.ts"), chrony);
    const [exitCode, stale] = await answer("check", "--rule", "FC068");
    assert.equal(exitCode, 1);
    assert.match(stale, /error +FC068 +fleet\.d\.ts lacks generic, chrony/);
    assert.equal(
      rulesBesideEvaluation.some(({ id }) => id === "FC068"),
      false,
    );
    await writeFile(join(fleet.root, "fleet.d.ts"), "export {};\n");
    assert.match((await answer("types"))[1], /fleet\.d\.ts: a file that `fleet types` did not write/);
    assert.equal((await fleet.fleet("check", "--rule", "FC068")).exitCode, 0);
  });
});

describe("fleet add feature and service", function () {
  this.timeout(300_000);

  it("add to an aspect, and to who imports it", async () => {
    await using fleet = await fleetOf(soundFleet);
    const added = await fleet.fleet("add", "feature", "ai/aider", "--package", "aider-chat,python3Packages.black");
    assert.deepEqual([added.stdout, added.stderr], ["made: modules/home/ai/aider.ts\n", ""]);
    const text = await fleet.read("modules/home/ai/aider.ts");
    assert.match(text, /home: \{ packages: \[pkgs\["aider-chat"\], pkgs\.python3Packages\.black\] \}/);
    const into = ["--into", "cameron@galena", "--enable", "programs.helix.enable"];
    const made = await fleet.fleet("add", "feature", "tools/helix", ...into);
    assert.equal(
      made.stdout,
      "made: modules/home/tools/helix.ts\nedited: modules/machines/nixos/galena/default.ts\n",
      made.stderr,
    );
    assert.match(
      await fleet.read("modules/machines/nixos/galena/default.ts"),
      /imports: \[config\.flake\.modules\.homeManager\.ai, config\.flake\.modules\.homeManager\.tools\]/,
    );
    const ntp = await fleet.fleet("add", "feature", "ntp", "--class", "nixos", "--into", "nixos/base");
    assert.equal(ntp.stdout, "edited: modules/nixos/base/boot.ts\nmade: modules/nixos/ntp.ts\n", ntp.stderr);
    assert.equal(ntp.stderr, "What remains:\n  - what it does: the body in modules/nixos/ntp.ts\n");
    assert.equal(
      await fleet.read("modules/nixos/base/boot.ts"),
      `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  flake: {
    modules: { nixos: { base: { boot: { tmp: { cleanOnBoot: true } }, imports: [config.flake.modules.nixos.ntp] } } },
  },
}));
`,
    );
    const again = await fleet.fleet("add", "feature", "tools/helix", ...into);
    assert.deepEqual([again.stdout, again.stderr], ["", "tools/helix is in the fleet already\n"]);
    assert.equal((await fleet.fleet("check")).stdout, clean);
  });

  it("make an instance in a file of its own, and extend one where it stands", async () => {
    await using fleet = await fleetOf(soundFleet);
    const borg = ["add", "service", "borgbackup", "--role", "client", "--tag", "nixos"];
    const made = await fleet.fleet(
      ...borg,
      "--setting",
      'exclude=["*.iso"]',
      "--description",
      "copies of what matters",
    );
    assert.equal(made.stdout, "made: modules/clan/inventory/services/borgbackup.ts\n", made.stderr);
    assert.equal(made.stderr, "What remains:\n  - secrets that it declares: fleet vars generate tag:nixos\n");
    const server = await fleet.fleet("add", "service", "borgbackup", "--role", "server", "--machine", "cinnabar");
    assert.equal(server.stdout, "edited: modules/clan/inventory/services/borgbackup.ts\n", server.stderr);
    await fleet.fleet("add", "service", "borgbackup", "--role", "server", "--machine", "galena");
    assert.equal(
      await fleet.read("modules/clan/inventory/services/borgbackup.ts"),
      `import { flakeModule } from "pulumi-clan/author";

/** Copies of what matters. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        borgbackup: {
          module: { name: "borgbackup", input: "clan-core" },
          roles: {
            client: { tags: ["nixos"], settings: { exclude: ["*.iso"] } },
            server: { machines: { cinnabar: {}, galena: {} } },
          },
        },
      },
    },
  },
});
`,
    );
    assert.equal((await fleet.fleet("check")).stdout, clean);
    const again = await fleet.fleet(...borg);
    assert.deepEqual([again.stdout, again.stderr], ["", "borgbackup/client is so already\n"]);
  });
});

describe("the example fleet after fleet add", function () {
  this.timeout(300_000);

  it("is formatted, compiles, has an emission that is up to date, and no finding more", async () => {
    await using fleet = await fleetOf({});
    const names = (await readdir(checkout)).filter((name) =>
      /^(?:modules|nix|pkgs|fleet\.ts|fleet\.d\.ts|flake\..*|biome\.json|Pulumi\..*)$/.test(name),
    );
    for (const name of names) cpSync(join(checkout, name), join(fleet.root, name), { recursive: true });
    await fleet.git("rm", "--quiet", "--cached", "-f", "modules/core.ts");
    await tryCommand("rm", [join(fleet.root, "modules/core.ts")], {}, patience());
    await fleet.git("add", "--all");
    const before = await fleet.fleet("check", "--json");
    const machine = ["machine", "beryl", "--class", "nixos", "--tags", "cloud,peer", "--stack", "core"];
    for (const words of [
      machine,
      ["feature", "games/quake", "--package", "quakespasm", "--into", "cameron@pyrite"],
      ["service", "tor", "--role", "client", "--machine", "galena", "--tag", "gcp"],
    ]) {
      const added = await fleet.fleet("add", ...words);
      assert.equal(added.exitCode, 0, added.stderr);
    }
    const after = await fleet.fleet("check", "--json");
    const findings = z.looseObject({ findings: z.array(z.looseObject({ rule: z.string(), message: z.string() })) });
    const messages = ({ stdout }: { readonly stdout: string }) =>
      findings.parse(JSON.parse(stdout)).findings.map(({ message }) => message);
    assert.deepEqual(messages(after), messages(before));
    const emission = await fleet.fleet("emit", "--check");
    assert.equal(emission.exitCode, 0, emission.stdout);
    const types = await fleet.fleet("types", "--check");
    assert.deepEqual([types.exitCode, types.stderr], [0, "fleet.d.ts is up to date\n"]);
    const biome = join(checkout, "node_modules/@biomejs/biome/bin/biome");
    const layout = await tryCommand(
      process.execPath,
      [biome, "format", "--config-path", checkout, join(fleet.root, "modules")],
      {},
      patience(),
    );
    assert.equal(layout.exitCode, 0, layout.stdout + layout.stderr);
    assert.match(await fleet.read("Pulumi.core.yaml"), /machines: \[cinnabar, electrum, magnetite, beryl\]/);
    // Only what was added: nothing of the files around it has moved.
    const { stdout: patch } = await fleet.git("diff", "--stat", "--", "modules/clan", "Pulumi.core.yaml");
    assert.match(patch, /5 files changed, 8 insertions\(\+\), 2 deletions\(-\)/);
  });
});

describe("fleet add on a terminal", function () {
  this.timeout(120_000);
  before(function () {
    if (process.platform !== "linux") this.skip(); // script(1) of util-linux makes the terminal
  });

  it("asks for what is missing, and for nothing else", async () => {
    await using fleet = await fleetOf(soundFleet);
    const words = [process.execPath, command, "-C", fleet.root, "add", "machine", "beryl", "--json"];
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const terminal = spawn("script", ["--quiet", "--return", "--command", quoted, "/dev/null"], { stdio: "pipe" });
    let shown = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!shown.includes("nixos or darwin?") && (shown + text).includes("nixos or darwin?"))
        terminal.stdin.write("nixos\r");
      shown += text;
    });
    const [exitCode] = await once(terminal, "close");
    assert.equal(exitCode, 0, shown);
    assert.equal(shown.match(/\?/g)?.length, 1, shown); // the target host is as the others have it
    assert.match(
      await fleet.read("modules/clan/inventory.ts"),
      /beryl: \{ tags: \["cloud"\], deploy: \{ targetHost: "root@beryl\.zt" \} \}/,
    );
  });
});
