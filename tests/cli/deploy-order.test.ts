import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { galena, type TemporaryFleet, temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { patience } from "../deploy/support/signals.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");
const toplevel = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-galena";

// The machine's address is this one's; without --yes and a terminal the command stops before anything is dialled.
describe("fleet deploy on the operator's own machine", function () {
  this.timeout(60_000);
  let fleet: TemporaryFleet;

  before(async () => {
    fleet = await temporaryFleet({
      "modules/galena.ts": galena,
      "Pulumi.yaml": "name: fleet\n",
      "Pulumi.core.yaml": JSON.stringify({
        config: {
          "pulumi-clan:rollout": { operator: "refuse" },
          "pulumi-clan:hosts": { galena: { targetHost: "root@127.0.0.1" } },
        },
      }),
    });
  });
  after(() => fleet[Symbol.asyncDispose]());

  const deploy = (...args: readonly string[]) =>
    tryCommand(
      process.execPath,
      [command, "-C", fleet.root, "deploy", ...args, "--toplevel", toplevel],
      { env: { ...process.env, PULUMI_STACK: "" } },
      patience(),
    );

  it("is refused as one of all, and asked for by its name", async () => {
    const all = await deploy("--all");
    assert.equal(all.exitCode, 2, all.stderr);
    assert.match(all.stderr, /1 operator {2}galena \(this machine, by its address 127\.0\.0\.1; refused\)/);
    const named = await deploy("galena");
    assert.equal(named.exitCode, 2, named.stderr);
    assert.doesNotMatch(named.stderr, /refused/);
  });

  it("wants machines, or --all, and not both", async () => {
    for (const args of [[], ["galena", "--all"]]) {
      const { exitCode, stderr } = await deploy(...args);
      assert.deepEqual([exitCode, /name machines, or say --all/.test(stderr)], [2, true], stderr);
    }
  });
});
