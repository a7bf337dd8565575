import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Checkout, type Ended } from "./support/checkout.ts";
import { table } from "./support/preview.ts";

const machines = ["cinnabar", "electrum", "stibnite"] as const;

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
    await rollout("{ canaries: [cinnabar] }");
    const ended = await checkout.sim("up", ...machines);
    assert.equal(ended.code, 0, ended.text);
    const up = await checkout.pulumi("up", "--yes", "--skip-preview", "--stack", "local");
    assert.equal(up.code, 0, up.text);
  });
  after(() => checkout[Symbol.asyncDispose]());

  const up = (...options: string[]): Promise<Ended> =>
    checkout.pulumi("up", "--yes", "--skip-preview", "--stack", "local", ...options);
  /** From the committed state of the tree on: another rollout, and another system for every NixOS machine and Mac. */
  const rollout = async (yaml: string): Promise<void> => {
    await checkout.edit("Pulumi.local.yaml", /(  pulumi-clan:rollout: .*\n)?config:\n|config:\n/, "config:\n");
    await checkout.edit("Pulumi.local.yaml", /config:\n(  pulumi-clan:rollout: .*\n)?/, `config:\n  pulumi-clan:rollout: ${yaml}\n`);
  };
  const change = async (): Promise<void> => {
    const seconds = `${first + ++edits}`;
    await checkout.edit("modules/nixos/base/heartbeat.ts", /heartbeat \d+|\b60\b/, seconds);
    await checkout.edit("modules/darwin/base/heartbeat.ts", /\b60\b/, seconds);
  };
  const breakUnit = (machine: string): Promise<void> =>
    checkout.write(
      `modules/machines/nixos/${machine}/broken.ts`,
      `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/${machine}": {
    systemd: { services: { broken: { wantedBy: ["multi-user.target"], serviceConfig: { Type: "oneshot", ExecStart: "/bin/false" } } } },
  } } } },
});
`,
    );
  const running = (host: string): Promise<string> => checkout.ask(host, "readlink -f /run/current-system");
  const outcomes = async (): Promise<Record<string, string>> =>
    Object.fromEntries(Object.entries(await table(checkout)).map(([machine, { outcome }]) => [machine, outcome]));

  it("is shown by a preview: waves, machines, what a failure does, and the gates", async () => {
    const ended = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /rollout in 2 waves/);
  });
});
