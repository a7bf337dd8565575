import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Checkout } from "./support/checkout.ts";
import { table } from "./support/preview.ts";
import type { Ended } from "./support/run.ts";

const machines = ["cinnabar", "electrum", "stibnite"] as const;
type Machine = (typeof machines)[number];

// Seconds that no earlier run has built a system with.
const first = 1_000 + (Date.now() % 1_000_000_000);

describe("a rollout on three simulated hosts", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  let edits = 0;

  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit("Pulumi.local.yaml", "[cinnabar, stibnite, galena]", "[cinnabar, electrum, stibnite]");
    await checkout.edit("Pulumi.local.yaml", "config:\n", "config:\n  pulumi-clan:connectDeadlineSeconds: 3\n");
    await checkout.keep();
    const ended = await checkout.sim("up", ...machines);
    assert.equal(ended.code, 0, ended.text);
  });
  after(() => checkout[Symbol.asyncDispose]());

  /** The tree with this rollout and another system for every machine. @param broken - has a unit that does not start. */
  const declare = async (rollout: string, broken?: "cinnabar" | "electrum"): Promise<void> => {
    await checkout.restore();
    await checkout.edit("Pulumi.local.yaml", "config:\n", `config:\n  pulumi-clan:rollout: ${rollout}\n`);
    const seconds = String(first + edits++);
    for (const system of ["nixos", "darwin"])
      await checkout.edit(`modules/${system}/base/heartbeat.ts`, "hostName} 60", `hostName} ${seconds}`);
    if (broken !== undefined)
      await checkout.write(
        `modules/machines/nixos/${broken}/broken.ts`,
        `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/${broken}": {
    systemd: { services: { broken: { wantedBy: ["multi-user.target"], serviceConfig: { Type: "oneshot", ExecStart: "/bin/false" } } } },
  } } } },
});
`,
      );
  };
  const up = (...options: string[]): Promise<Ended> =>
    checkout.pulumi("up", "--yes", "--skip-preview", "--stack", "local", ...options);
  const running = async (): Promise<Record<string, string>> => {
    const all = machines.map(
      async (host) => [host, await checkout.ask(host, "readlink -f /run/current-system")] as const,
    );
    return Object.fromEntries(await Promise.all(all));
  };
  const outcomes = async (): Promise<string[]> => {
    const rows = await table(checkout);
    return machines.map((machine) => rows[machine]?.outcome ?? "none");
  };
  /** Unix seconds at which the host's profile got its generation. */
  const switchedAt = async (host: Machine): Promise<number> =>
    Number(
      await checkout.ask(
        host,
        "stat -c %Y $(readlink -f /nix/var/nix/profiles)/$(readlink /nix/var/nix/profiles/system)",
      ),
    );

  it("is shown by a preview: waves, machines, and what a failure does", async () => {
    await declare("{ canaries: [stibnite], pauseSeconds: 2, maxUnavailable: 1 }");
    const ended = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /rollout in 2 waves; a host that does not answer is a failure/);
    assert.match(
      ended.text,
      /1 canaries {2}stibnite; a failure stops the rollout, then 2 s, then its machines are looked at/,
    );
    assert.match(ended.text, /2 rest {6}cinnabar, electrum, 1 at a time/);
    assert.match(ended.text, /WaveGate minerals-rollout-canaries create/);
    const waves = machines.map((machine) => {
      const block = ended.text.split(`clan:index:Machine (${machine}):\n`)[1]?.split(/^ {2}\S.*\):$/m)[0];
      return /^ +wave: +(.*)$/m.exec(block ?? "")?.[1];
    });
    assert.deepEqual(waves, ["2 of 2 (rest)", "2 of 2 (rest)", "1 of 2 (canaries)"], ended.text);
  });

  it("deploys wave by wave, one machine at a time, with the pause and the look between", async () => {
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /canaries: waits until \S+, then looks at 1 machine/);
    assert.match(ended.text, /canaries: 1 machine is well/);
    assert.deepEqual(await outcomes(), ["switched", "switched", "switched"]);
    const [cinnabar, electrum, stibnite] = await Promise.all(machines.map(switchedAt));
    assert.ok((stibnite ?? 0) + 2 <= (cinnabar ?? 0), "the pause lies between the waves");
    assert.ok((cinnabar ?? 0) <= (electrum ?? 0));
  });

  it("has nothing to change, and waits for nothing, when up is run again", async () => {
    const ended = await checkout.pulumi("preview", "--stack", "local", "--expect-no-changes");
    assert.equal(ended.code, 0, ended.text);
  });

  it("stops behind a canary that fails: the others are not touched, stay in the state, and say what they wait for", async () => {
    const before = await running();
    await declare("{ canaries: [cinnabar] }", "cinnabar");
    const ended = await up();
    assert.notEqual(ended.code, 0);
    assert.match(
      ended.text,
      /wave canaries is closed, nothing behind it is deployed to: cinnabar: its deployment failed/,
    );
    assert.deepEqual(await outcomes(), ["failed", "held", "held"]);
    assert.deepEqual(await running(), before);
  });

  it("lets one machine alone go by --target, whatever its wave waits for", async () => {
    const before = await running();
    const ended = await up("--target", "**::electrum-closure");
    assert.equal(ended.code, 0, ended.text);
    const now = await running();
    assert.notEqual(now["electrum"], before["electrum"]);
    assert.deepEqual([now["cinnabar"], now["stibnite"]], [before["cinnabar"], before["stibnite"]]);
  });

  it("keeps the same order without Pulumi: fleet deploy --all stops behind the canary, too", async () => {
    const before = await running();
    const ended = await checkout.fleet("deploy", "--all", "--yes", "--stack", "local");
    assert.equal(ended.code, 1, ended.text);
    assert.match(ended.stderr, /rollout in 2 waves/);
    assert.match(ended.stdout, /^cinnabar +rolled-back /m);
    assert.match(ended.stdout, /^stibnite +held +wave canaries is closed$/m);
    assert.deepEqual(await running(), before);
  });

  it("is in the host's own record afterwards: when, which system, for which stack, and what came of it", async () => {
    const ended = await checkout.fleet("history", "cinnabar", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.match(
      ended.stdout,
      /^\S+Z +\d+ +\w{7}-nixos-system-cinnabar-\S+ +committed +pulumi-clan\/local by \S+@\S+$/m,
    );
    assert.match(ended.stdout, /^\S+Z +\w{7}-nixos-system-cinnabar-\S+ +rolled-back +pulumi-clan\/local by /m);
  });

  it("takes the machines of a wave back where the stack says so, and nothing of an earlier wave", async () => {
    const before = await running();
    await declare("{ canaries: [stibnite], onFailure: rollback-wave }", "cinnabar");
    const ended = await up();
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, /electrum: taken back to \S+-nixos-system-electrum/);
    const now = await running();
    assert.equal(now["electrum"], before["electrum"]);
    assert.equal(now["cinnabar"], before["cinnabar"]);
    assert.notEqual(now["stibnite"], before["stibnite"]);
    assert.deepEqual(await outcomes(), ["failed", "rolled-back", "switched"]);
  });

  it("queues a host that sleeps, which is no failure, and deploys to it when it is back", async () => {
    await declare("{ canaries: [electrum], unreachable: queue }");
    await checkout.sim("ssh", "electrum", "--", "systemctl poweroff"); // ends with the connection, whatever its code
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    const [cinnabar, electrum] = await outcomes();
    assert.deepEqual([cinnabar, electrum], ["switched", "queued"]);
    const status = await checkout.fleet("status", "electrum", "--stack", "local");
    assert.equal(status.code, 0, "a machine that may sleep is no failure");
    assert.match(
      status.stdout,
      /^electrum +unreachable .* last seen \d+ \w+ ago; by the state \w{7}, generation \d+$/m,
    );
    assert.equal((await checkout.sim("up", "electrum")).code, 0);
    const again = await up();
    assert.equal(again.code, 0, again.text);
    assert.equal((await outcomes())[1], "switched");
  });
});
