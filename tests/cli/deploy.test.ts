import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import type { StorePath } from "../../local-nix/store-path.ts";
import { galena, type TemporaryFleet, temporaryFleet } from "../clan/support/temporary-fleet.ts";
import { DeployedHost, gate } from "../deploy/support/deployed-host.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");
const platform = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

describe("fleet deploy of a built system", function () {
  this.timeout(120_000);
  let host: DeployedHost;
  let fleet: TemporaryFleet;

  before(async () => {
    host = await DeployedHost.start("nixos");
    const { address, identityFile, hostKey } = host.sim;
    fleet = await temporaryFleet({
      "modules/galena.ts": galena.replace("x86_64-linux", platform),
      "Pulumi.yaml": "name: fleet\n",
      "Pulumi.core.yaml": JSON.stringify({
        config: {
          "pulumi-clan:identityFile": identityFile,
          "pulumi-clan:hosts": { galena: { targetHost: `root@${address}`, hostKey } },
        },
      }),
    });
  });
  after(async () => {
    await fleet[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [command, "-C", fleet.root, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
      ([[code], stdout, stderr]) => ({ code: Number(code), stdout, stderr }),
    );
    return { child, ended };
  };
  const deploy = (toplevel: StorePath, ...args: readonly string[]) =>
    start("deploy", "galena", "--toplevel", toplevel, "--yes", ...args);

  it("makes it the running one and the next boot's, without evaluating anything", async () => {
    const toplevel = await host.system({ name: "by-hand" });
    const { code, stdout, stderr } = await deploy(toplevel).ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^galena +switched +\w{7}-nixos-system-by-hand /m);
    const { current, profile, boots } = await host.witness();
    assert.deepEqual([current, profile, boots], [toplevel, toplevel, toplevel]);
    assert.doesNotMatch(stderr, /evaluate/);
  });

  it("ends at ^C with 130 and leaves the step to the host; the next one goes on there", async () => {
    const held = gate("cli");
    const toplevel = await host.system({ name: "held", afterActivation: held.lines });
    const first = deploy(toplevel);
    await host.ask(held.reached);
    first.child.kill("SIGINT");
    const { code, stdout } = await first.ended;
    assert.equal(code, 130);
    assert.match(stdout, /^galena +interrupted /m);
    const status = await start("status", "galena").ended;
    assert.equal(status.code, 1);
    assert.match(status.stdout, /deployment testing \w{7}-nixos-system-held by fleet\/core/);

    await host.ask(held.open);
    const second = await deploy(toplevel).ended;
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(await host.calls(toplevel), ["test", "boot"]);
    assert.equal((await start("status", "galena").ended).code, 0);
  });

  it("is refused by a host of another stack", async () => {
    const toplevel = await host.system({ name: "foreign" });
    await host.ask(`echo '{"project":"other","stack":"one","machine":"galena"}' >/nix/var/pulumi-clan/owner.json`);
    const { code, stdout } = await deploy(toplevel, "--json").ended;
    assert.equal(code, 1);
    assert.match(stdout, /"kind": "refused"[\s\S]*the host belongs to other\/one/);
  });
});
