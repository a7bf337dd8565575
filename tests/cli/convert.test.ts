import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { z } from "zod";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";

const checkout = join(import.meta.dirname, "../..");
const command = join(checkout, "cli/fleet.ts");

const clock = `# Clocks of all hosts.
{ ... }: {
  flake.modules.nixos.base = {
    time.timeZone = "UTC"; # everywhere
    services.chrony = { enable = true; servers = [ "192.0.2.1" "192.0.2.2" ]; };
  };
}
`;
const document = z.strictObject({
  written: z.boolean(),
  files: z.array(z.strictObject({ path: z.string(), change: z.string(), patch: z.string() })),
  remaining: z.array(z.string()),
  findings: z.array(z.looseObject({ rule: z.string() })),
});

describe("fleet convert", function () {
  this.timeout(300_000);

  it("shows a patch, moves the export, and has nothing to do a second time", async () => {
    await using fleet = await temporaryFleet({
      ...soundFleet,
      ".gitignore": "node_modules\n",
      "modules/clock.nix": clock,
    });
    const { root } = fleet;
    const git = (...args: string[]) => tryCommand("git", ["-C", root, ...args], {}, patience());
    const run = (...args: string[]) => tryCommand(process.execPath, [command, "-C", root, ...args], {}, patience());
    await git("init", "--quiet");
    await git("add", "--all");

    const shown = await run("convert", "modules/clock.nix", "--dry-run");
    assert.equal(shown.exitCode, 0, shown.stderr);
    assert.equal(await readFile(join(root, "modules/clock.nix"), "utf8"), clock);
    await writeFile(join(root, "clock.patch"), shown.stdout);
    const applied = await git("apply", "--check", "clock.patch");
    assert.equal(applied.exitCode, 0, applied.stderr);

    const moved = await run("convert", "modules/clock.nix", "--json");
    assert.equal(moved.exitCode, 0, moved.stderr);
    const { written, files, findings } = document.parse(JSON.parse(moved.stdout));
    assert.deepEqual([written, findings], [true, []]);
    assert.deepEqual(
      files.map(({ path, change }) => [path, change]),
      [
        ["modules/clock.nix", "removed"],
        ["modules/clock.ts", "made"],
      ],
    );
    assert.equal(files.map(({ patch }) => patch).join(""), shown.stdout);
    assert.equal(existsSync(join(root, "modules/clock.nix")), false);
    assert.match(await readFile(join(root, "modules/clock.ts"), "utf8"), /timeZone: "UTC", \/\/ everywhere\n/);
    assert.equal((await run("check")).stdout, "0 errors, 0 warnings, 0 info\n");
    const biome = join(checkout, "node_modules/@biomejs/biome/bin/biome");
    const config = ["--config-path", checkout, join(root, "modules/clock.ts")];
    const layout = await tryCommand(process.execPath, [biome, "format", ...config], {}, patience());
    assert.equal(layout.exitCode, 0, layout.stdout + layout.stderr);

    const again = await run("convert", "modules/clock.nix");
    assert.deepEqual(
      [again.exitCode, again.stdout, again.stderr],
      [0, "", "modules/clock.nix: in TypeScript already\n"],
    );
    const unknown = await run("convert", "modules/watch.nix");
    assert.equal(unknown.exitCode, 1);
    assert.match(unknown.stderr, /modules\/watch\.nix: no flake module of the fleet in Nix/);
  });
});
