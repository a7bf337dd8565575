import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { edit, soundFleet, write } from "../clan/checks/support/sound-fleet.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");
const inventory = "modules/clan/inventory.ts";

async function check(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  await using fleet = await temporaryFleet(files);
  return await tryCommand(process.execPath, [command, "-C", fleet.root, "check", ...args], {}, patience());
}

const document = z.strictObject({
  findings: z.array(
    z.strictObject({
      rule: z.string(),
      title: z.string(),
      severity: z.enum(["error", "warning", "info"]),
      subject: z.strictObject({ kind: z.string(), name: z.string() }),
      message: z.string(),
      location: z.strictObject({ file: z.string(), line: z.int().nullable() }).nullable(),
      suggestion: z.string().nullable(),
      suppressed: z.strictObject({ reason: z.string() }).nullable(),
    }),
  ),
  summary: z.looseObject({ errors: z.int(), warnings: z.int(), infos: z.int(), suppressed: z.int() }),
});

describe("fleet check", () => {
  it("exits 0 for the fleet in which nothing is wrong, and for warnings", async () => {
    const sound = await check(soundFleet);
    assert.deepEqual([sound.exitCode, sound.stdout], [0, "0 errors, 0 warnings, 0 info\n"], sound.stderr);
    const warned = await check(edit("modules/nixos/base/boot.ts", "nixos:", "nixxos:"), "--json");
    const { findings } = document.parse(JSON.parse(warned.stdout));
    assert.deepEqual([warned.exitCode, findings.map(({ rule }) => rule)], [0, ["FC002"]]);
  });

  it("exits 1 for an error, also for one that stops the reading of the fleet", async () => {
    const key = edit("modules/machines/nixos/galena/disko.ts", "machines/nixos/galena", "machines/nixos/galean");
    const text = await check(key);
    assert.equal(text.exitCode, 1);
    assert.equal(
      text.stdout,
      `entry nixos/machines/nixos/galean
  error   FC006  no machine is called galean and nobody imports nixos/machines/nixos/galean, so
                 galena lacks what it says
                 at   modules/machines/nixos/galena/disko.ts:6
                 fix  write "machines/nixos/galena"

1 error, 0 warnings, 0 info
`,
    );
    const member = await check(
      edit(inventory, "cinnabar: {} } },\n            peer", "cinabar: {} } },\n            peer"),
      "--json",
    );
    const { findings, summary } = document.parse(JSON.parse(member.stdout));
    assert.equal(member.exitCode, 1);
    assert.deepEqual(
      findings.map(({ rule, subject, location, suggestion }) => ({ rule, subject, location, suggestion })),
      [
        {
          rule: "FC023",
          subject: { kind: "role", name: "zerotier/controller" },
          location: { file: inventory, line: 21 },
          suggestion: 'write "cinnabar"',
        },
      ],
    );
    assert.deepEqual([summary.errors, summary.warnings], [1, 0]);
  });

  it("exits 2 for a fleet that cannot be evaluated, and for a rule that does not exist", async () => {
    const broken = await check(write("modules/nixos/board.ts", "export default {"), "--json");
    assert.deepEqual([broken.exitCode, broken.stdout], [2, ""]);
    assert.match(broken.stderr, /modules\/nixos\/board\.ts: the file cannot be loaded/);
    assert.equal((await check(soundFleet, "--rule", "FC000")).exitCode, 2);
    assert.equal((await check(soundFleet, "--severity", "fatal")).exitCode, 2);
  });

  it("exits 2 where configurations are asked for and the inputs are not locked", async () => {
    const { "flake.lock": _lock, ...unlocked } = soundFleet;
    const inputs =
      '"flake-parts": { url: "github:hercules-ci/flake-parts" },\n    "import-tree": { url: "github:vic/import-tree" },\n    "clan-core": {';
    const fleetFile = (soundFleet["fleet.ts"] ?? "").replace('"clan-core": {', inputs);
    const { exitCode, stderr } = await check({ ...unlocked, "fleet.ts": fleetFile }, "--evaluate");
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, /: the flake has no flake\.lock\n/);
  });

  it("shows what --severity and --rule ask for, and fails for errors all the same", async () => {
    const files = edit(inventory, 'peer: { tags: ["peer"] }', 'peer: { tags: ["peer", "laptop"] }');
    assert.match((await check(files, "--rule", "fc022")).stdout, /0 errors, 0 warnings, 1 info/);
    assert.equal((await check(files, "--severity", "warning")).stdout, "0 errors, 0 warnings, 0 info\n");
    assert.equal((await check(files, "--rule", "FC012")).stdout, "0 errors, 0 warnings, 0 info\n");
  });

  it("lets the fleet allow an error, with the reason in the report", async () => {
    const files = edit("modules/machines/nixos/galena/disko.ts", "machines/nixos/galena", "machines/nixos/galean");
    const allowing = `fleet.checks.allow([
  { rule: "FC006", subject: "nixos/machines/nixos/galean", reason: "renamed next week" },
]);
export default fleet;`;
    const fleetFile = (soundFleet["fleet.ts"] ?? "").replace("export default fleet;", allowing);
    const { exitCode, stdout } = await check({ ...files, "fleet.ts": fleetFile });
    assert.equal(exitCode, 0);
    assert.equal(
      stdout,
      `allowed
  FC006  nixos/machines/nixos/galean: renamed next week

0 errors, 0 warnings, 0 info, 1 allowed
`,
    );
  });

  it("refuses an allowance without a reason", async () => {
    const allowing = 'fleet.checks.allow([{ rule: "FC006", subject: "galena", reason: "" }]);\nexport default fleet;';
    const fleetFile = (soundFleet["fleet.ts"] ?? "").replace("export default fleet;", allowing);
    const { exitCode, stderr } = await check({ ...soundFleet, "fleet.ts": fleetFile });
    assert.equal(exitCode, 2);
    assert.match(stderr, /reason: why it is meant to be so\n {2}at: {7}fleet\.ts:12/);
  });

  it("finds no error and no warning in the example fleet", async () => {
    const root = join(import.meta.dirname, "../..");
    const { exitCode, stdout } = await tryCommand(
      process.execPath,
      [command, "-C", root, "check", "--severity", "warning"],
      {},
      patience(),
    );
    assert.deepEqual([exitCode, stdout], [0, "0 errors, 0 warnings, 0 info\n"]);
  });
});
