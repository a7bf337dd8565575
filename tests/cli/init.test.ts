import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { z } from "zod";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";

const fleetCli = resolve(import.meta.dirname, "../../cli/fleet.ts");
const plan = ["init", "--name", "lab", "--dry-run"];

async function fleet(cwd: string) {
  const run = await promisify(execFile)(process.execPath, [fleetCli, ...plan], { cwd, timeout: 60_000 });
  const json = await promisify(execFile)(process.execPath, [fleetCli, ...plan, "--json"], { cwd, timeout: 60_000 });
  const { remaining } = z.object({ remaining: z.array(z.string()) }).parse(JSON.parse(json.stdout));
  const steps = [...run.stderr.matchAll(/^would run: (.*)$/gm)].map(([, command]) => command);
  return { files: run.stdout, steps, remaining };
}

describe("fleet init without the package at hand", () => {
  it("asks no registry for it, where its name is nobody's: it says what brings it", async () => {
    await using folder = await TemporaryFolder.make();
    const { files, steps, remaining } = await fleet(folder.path);
    assert.deepEqual(steps, ["git init --quiet"]);
    assert.match(files, /^\+export const \{ machines, publicVars \} = await runFleet/m);
    assert.doesNotMatch(files, /"pulumi-clan": /);
    assert.match(remaining.join("\n"), /^npm install ARCHIVE.*`npm run package`.*\nfleet init, once more/);
  });

  it("installs what the manifest states, as in a fresh clone", async () => {
    await using folder = await TemporaryFolder.make();
    const manifest = { type: "module", dependencies: { "pulumi-clan": "file:vendor/pulumi-clan-0.1.0.tgz" } };
    await writeFile(join(folder.path, "package.json"), JSON.stringify(manifest));
    const { steps, remaining } = await fleet(folder.path);
    assert.deepEqual(steps.slice(0, 3), [
      "git init --quiet",
      "npm install --no-audit",
      "pulumi stack select dev --create",
    ]);
    assert.deepEqual(remaining, []);
  });
});
