import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import { Checkout } from "./support/checkout.ts";
import { closureSteps } from "./support/preview.ts";

/** A unit that starts when the test says so. */
const held = `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/cinnabar": {
    systemd: { services: { held: { wantedBy: ["multi-user.target"], serviceConfig: {
      Type: "oneshot", RemainAfterExit: true,
      ExecStart: "/bin/sh -c 'touch /run/held.reached; until [ -e /run/held.open ]; do sleep 0.05; done'",
    } } } },
  } } } },
});
`;

describe("an up that is stopped while a host is being switched", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  let first = "";
  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar, stibnite, galena]", "machines: [cinnabar]");
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0);
    const ended = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.equal(ended.code, 0, ended.text);
    first = ended.text;
  });
  after(() => checkout[Symbol.asyncDispose]());

  it("had told at the end of the one before where its time went", () => {
    assert.match(first, /where the time went: \d+\.\d (?:s|min)\n/);
    assert.match(first, /^ +program +read \d.* evaluate \d/m);
    assert.match(first, /^ +cinnabar +\d+\.\d (?:s|min): .*push \d+\.\d (?:s|min) for \d+\.\d MB, activate \d/m);
  });

  it("by two ^C ends, and the next up goes on where the host stands", async () => {
    await checkout.write("modules/machines/nixos/cinnabar/held.ts", held);
    const args = ["up", "--yes", "--stack", "local", "--skip-preview", "--non-interactive"];
    const env = { ...process.env, PULUMI_CLAN_SIM_STATE: "", PULUMI_BACKEND_URL: "", PULUMI_STACK: "" };
    // A group of its own, as a terminal gives: ^C reaches all of it, and the plugin is in none of it.
    const child = spawn(join(checkout.root, "scripts/pulumi"), args, {
      cwd: checkout.root,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const ended = once(child, "close");
    await checkout.ask("cinnabar", "until [ -e /run/held.reached ]; do sleep 0.1; done");
    assert.ok(child.pid);
    process.kill(-child.pid, "SIGINT");
    await Promise.race([ended, once(child.stdout, "data")]); // "^C received; cancelling"
    if (child.exitCode === null) process.kill(-child.pid, "SIGINT");
    await ended;
    const [stdout, stderr] = await said;
    assert.notEqual(child.exitCode, 0, stdout + stderr);

    await checkout.ask("cinnabar", "touch /run/held.open");
    const up = "scripts/pulumi up --yes --stack local --skip-preview --non-interactive";
    const again = await checkout.bash(up, { PULUMI_CLAN_DEBUG: "1" });
    assert.equal(again.code, 0, `${stdout}${stderr}${again.text}`);
    const starts = "journalctl --unit held.service --no-pager --output=cat | grep -c Starting";
    assert.equal(await checkout.ask("cinnabar", starts), "1", "nothing ran twice");
    assert.equal(
      await checkout.ask("cinnabar", "readlink -f /run/current-system"),
      await checkout.ask("cinnabar", "readlink -f /nix/var/nix/profiles/system"),
    );
    assert.deepEqual(await closureSteps(checkout), {});

    // What the program and what the provider did, as PULUMI_CLAN_DEBUG has it.
    assert.match(again.text, /\d s {2}phase {5}read: done, \d/);
    assert.match(again.text, /\d s {2}ssh {7}cinnabar: connect to \S+: ssh2, SHA256:/);
    assert.match(again.text, /\d s {2}phase {5}cinnabar: commit: done, \d/);
  });
});
