import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { z } from "zod";
import { Checkout } from "./support/checkout.ts";
import { closureSteps } from "./support/preview.ts";
import type { Ended } from "./support/run.ts";

const statusSchema = z.array(
  z.looseObject({
    machine: z.string(),
    state: z.string(),
    declared: z.string().nullable(),
    running: z.string().nullable(),
    profile: z.string().nullable(),
    owner: z.string().nullable(),
    transaction: z.string().nullable(),
  }),
);
const outcomesSchema = z.array(z.looseObject({ machine: z.string(), kind: z.string() }));

describe("fleet deploy, rollback, status and ssh beside Pulumi", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  const running = (host: string): Promise<string> => checkout.ask(host, "readlink -f /run/current-system");
  const owner = (host: string): Promise<string> => checkout.ask(host, "cat /nix/var/pulumi-clan/owner.json || true");
  const succeeds = async (ended: Promise<Ended>): Promise<Ended> => {
    const result = await ended;
    assert.equal(result.code, 0, result.text);
    return result;
  };
  const status = async (): Promise<z.output<typeof statusSchema>> =>
    statusSchema.parse(JSON.parse((await checkout.fleet("status", "--json", "--evaluate")).stdout));
  /** As nixos-rebuild of 26.05 calls it: in a unit of this name. */
  const rebuild = (host: string, command: string): Promise<string> =>
    checkout.ask(
      host,
      `systemd-run --wait --collect --quiet --unit=nixos-rebuild-switch-to-configuration --setenv=PATH="$PATH" /bin/sh -c '${command}'`,
    );
  const rollBackByHand =
    "nix-env -p /nix/var/nix/profiles/system --rollback && /nix/var/nix/profiles/system/bin/switch-to-configuration switch";

  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit(
      "Pulumi.local.yaml",
      "machines: [cinnabar, stibnite, galena]",
      "machines: [cinnabar, stibnite]",
    );
    await checkout.keep();
    await succeeds(checkout.sim("up", "cinnabar", "stibnite"));
  });
  afterEach(() => checkout.restore());
  after(() => checkout[Symbol.asyncDispose]());

  it("deploys hosts that no stack has touched yet, with the owner that Pulumi's stack will have", async () => {
    const ended = await succeeds(checkout.fleet("deploy", "cinnabar", "stibnite", "--yes"));
    assert.match(ended.stdout, /^cinnabar +switched /m);
    assert.match(ended.stdout, /^stibnite +switched /m);
    assert.deepEqual(JSON.parse(await owner("cinnabar")), {
      project: "pulumi-clan",
      stack: "local",
      machine: "cinnabar",
    });
    const rows = await status();
    assert.deepEqual(
      rows.map(({ machine, running, declared, profile }) => [machine, running === declared, profile === declared]),
      [
        ["cinnabar", true, true],
        ["stibnite", true, true],
      ],
    );
  });

  it("leaves nothing to do to the first up", async () => {
    const before = await running("cinnabar");
    await succeeds(checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview"));
    assert.equal(await checkout.ask("cinnabar", "readlink /nix/var/nix/profiles/system"), "system-2-link");
    assert.equal(await running("cinnabar"), before);
    await succeeds(checkout.pulumi("preview", "--stack", "local", "--expect-no-changes"));
  });

  it("hands its result over to the next refresh: afterwards no system is to be changed", async () => {
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "71");
    await succeeds(checkout.fleet("deploy", "cinnabar", "--yes"));
    await succeeds(checkout.pulumi("refresh", "--yes", "--stack", "local"));
    assert.deepEqual(await closureSteps(checkout), {});
  });

  it("shows what another tool did with its name, and mends it", async () => {
    const declared = (await status())[0]?.declared;
    await succeeds(checkout.fleet("deploy", "cinnabar", "--yes"));
    await succeeds(checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview"));
    await rebuild("cinnabar", rollBackByHand);
    const refresh = await succeeds(checkout.pulumi("refresh", "--yes", "--stack", "local"));
    assert.match(refresh.text, /rolled back to \S+, generation \d+; last switched \S+ by nixos-rebuild/);
    const preview = await succeeds(checkout.pulumi("preview", "--stack", "local"));
    assert.match(preview.text, /drift: rolled back to .* by nixos-rebuild, back to/);
    assert.deepEqual(await closureSteps(checkout), { cinnabar: "update" });

    await succeeds(checkout.fleet("deploy", "cinnabar", "--yes"));
    assert.equal(await running("cinnabar"), declared);
    await succeeds(checkout.pulumi("refresh", "--yes", "--stack", "local"));
    await succeeds(checkout.pulumi("preview", "--stack", "local", "--expect-no-changes"));
  });

  it("rolls a host back to a generation that the host lists, and back again", async () => {
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "72");
    const before = await running("cinnabar");
    await succeeds(checkout.fleet("deploy", "cinnabar", "--yes"));
    const declared = await running("cinnabar");
    const list = await succeeds(checkout.fleet("rollback", "cinnabar", "--list"));
    assert.match(list.stdout, /^\d+ +\S+Z +\w{7}-nixos-system-cinnabar-26\.05 +running, profile$/m);

    const ended = await succeeds(checkout.fleet("rollback", "cinnabar", "--yes", "--json"));
    assert.deepEqual(
      outcomesSchema.parse(JSON.parse(ended.stdout)).map(({ kind }) => kind),
      ["switched"],
    );
    assert.equal(await running("cinnabar"), before);
    assert.equal((await checkout.fleet("status", "cinnabar", "--evaluate")).code, 1, "another one is declared");
    await succeeds(checkout.fleet("rollback", "cinnabar", "--to", declared, "--yes"));
    assert.equal(await running("cinnabar"), declared);
    assert.equal((await checkout.fleet("rollback", "cinnabar", "--to", "9999", "--yes")).code, 1);
    await succeeds(checkout.fleet("status", "cinnabar", "--evaluate"));
  });

  it("says which machine failed, and deploys the others", async () => {
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "73");
    await checkout.edit("Pulumi.local.yaml", "root@198.51.100.21", "root@198.51.100.99");
    await checkout.edit("Pulumi.local.yaml", "config:\n", "config:\n  pulumi-clan:connectDeadlineSeconds: 2\n");
    const ended = await checkout.fleet("deploy", "cinnabar", "stibnite", "--yes", "--json");
    assert.equal(ended.code, 1, ended.text);
    assert.deepEqual(
      outcomesSchema.parse(JSON.parse(ended.stdout)).map(({ machine, kind }) => [machine, kind]),
      [
        ["cinnabar", "switched"],
        ["stibnite", "unreachable"],
      ],
    );
  });

  it("refuses what cannot be meant, as wrong usage, before any host is asked", async () => {
    for (const [args, message] of [
      [["deploy", "cinnabar"], /say --yes/],
      [["deploy", "electrum", "--yes"], /electrum: not of stack local/],
      [["deploy", "cinnabar", "stibnite", "--toplevel", "/nix/store/x", "--yes"], /expected \/nix\/store/],
      [["deploy", "cinnabar", "--mode", "later", "--yes"], /Allowed choices/],
      [["ssh", "tag:nixos"], /not of stack local/],
    ] as const) {
      const ended = await checkout.fleet(...args);
      assert.notEqual(ended.code, 0, args.join(" "));
      assert.match(ended.stderr, message);
    }
    const typo = await checkout.fleet("deploy", "cinabar", "--yes");
    assert.equal(typo.code, 1);
    assert.match(typo.stderr, /write "cinnabar"/);
  });

  it("runs a command on a host and ends as it ended", async () => {
    const ended = await checkout.fleet("ssh", "cinnabar", "--", "echo $((40 + 2)); exit 7");
    assert.equal(ended.code, 7, ended.text);
    assert.equal(ended.stdout.trim(), "42");
    assert.equal((await checkout.fleet("ssh", "cinnabar", "--", "printf", "%s|", "a b", "$c")).stdout, "a b|$c|");
  });

  it("is given back when the stack is destroyed: its owner's mark goes, everything else stays", async () => {
    await succeeds(checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview"));
    const before = await running("cinnabar");
    await succeeds(checkout.pulumi("destroy", "--yes", "--stack", "local"));
    assert.equal(await owner("cinnabar"), "");
    assert.equal(await owner("stibnite"), "");
    assert.equal(await running("cinnabar"), before);
  });
});
