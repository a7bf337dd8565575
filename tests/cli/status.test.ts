import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "mocha";
import { z } from "zod";
import { type MachineStatus, renderStatus } from "../../cli/machine-status.ts";
import { renderTable } from "../../cli/render-table.ts";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { FixtureFlake } from "../clan/flake/support/fixture-flake.ts";
import { declared, foreign, old } from "../deploy/support/facts.ts";
import { patience } from "../deploy/support/signals.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");

const healthy: MachineStatus = {
  machine: "galena",
  state: "seen",
  declared,
  running: declared,
  booted: old,
  profile: declared,
  nextBoot: declared,
  generation: 8,
  failedUnits: [],
  owner: "fleet/core",
  transaction: null,
  rebootFor: [],
  deployedSecondsAgo: 3_600 * 5,
};

describe("the table of fleet status", () => {
  it("shows a healthy machine, one that differs with every reason, and one that does not answer", () => {
    const differing: MachineStatus = {
      ...healthy,
      machine: "cinnabar",
      running: old,
      nextBoot: old,
      failedUnits: ["a.service", "b.service", "c.service", "d.service"],
      transaction: "testing 1111111-nixos-system-galena by fleet/core",
      rebootFor: ["kernel"],
      through: ["edge"],
      backEnd: "openssh",
    };
    const away: MachineStatus = {
      machine: "stibnite",
      state: "unreachable",
      declared: null,
      reason: "no route",
      deployedSecondsAgo: 86_400 * 3,
      lastSeenAt: 1_790_000_000,
      lastKnown: { running: old, generation: 7, deployedAt: 1_790_000_000 },
    };
    assert.equal(
      renderStatus([healthy, differing, away], 1_790_000_000 + 3_600 * 7),
      [
        "machine   state        declared  running  booted   profile  gen  age  owner       remarks",
        "galena    ok           1111111   1111111  0000000  1111111  8    5 h  fleet/core",
        "cinnabar  differs      1111111   0000000  0000000  1111111  8    5 h  fleet/core  failed: a.service b.service c.service …; deployment testing 1111111-nixos-system-galena by fleet/core; reboot pending: kernel; next boot: 0000000; through edge with OpenSSH",
        "stibnite  unreachable  -                                         3 d              last seen 7 h ago; by the state 0000000, generation 7",
      ].join("\n"),
    );
  });

  it("names who else switched a machine, and says by hand only where it is not as declared", () => {
    const remark = (changes: Partial<MachineStatus>): string =>
      renderStatus([{ ...healthy, ...changes }])
        .split("\n")[1]
        ?.split(/ {2,}/)[9] ?? "";
    const at = 1_790_000_000;
    assert.equal(remark({ lastSwitch: { tool: "clan", at } }), "last switched 2026-09-21T14:13:20Z by clan");
    assert.equal(remark({ lastSwitch: { tool: "pulumi-clan", at } }), "");
    assert.equal(remark({ lastSwitch: { at } }), "");
    assert.equal(remark({ lastSwitch: { at }, running: old }), "last switched 2026-09-21T14:13:20Z by hand");
  });

  it("says how the last deployment ended where that is why a machine is not as declared", () => {
    const lastTry = { toplevel: declared, verdict: "rolled-back", secondsAgo: 14 } as const;
    const row = (changes: Partial<MachineStatus>): string =>
      renderStatus([{ ...healthy, ...changes }]).split("\n")[1] ?? "";
    assert.match(row({ lastTry, running: old, profile: old }), /; 1111111 rolled-back 14 s ago$/);
    assert.doesNotMatch(row({ lastTry }), /rolled-back/, "it runs what is declared by now");
    const committed = { ...lastTry, verdict: "committed" } as const;
    assert.doesNotMatch(row({ lastTry: committed, running: old, profile: old }), /committed/);
  });

  it("takes a specialisation that is declared for what its system runs, and names one that is not", () => {
    const docked = { ...healthy, running: foreign, specialisations: [{ of: declared, name: "docked" }] };
    const row = (status: MachineStatus): string => renderStatus([status]).split("\n")[1] ?? "";
    assert.match(row({ ...docked, declaredSpecialisation: "docked" }), /^galena +ok .* specialisation: docked$/);
    assert.match(row(docked), /^galena +differs .* specialisation: docked$/);
    assert.match(row({ ...healthy, declaredSpecialisation: "docked" }), /differs .* declared specialisation: docked$/);
  });

  it("lets no control character of a host reach the terminal", () => {
    assert.equal(renderTable(["a"], [["\u001b[2Jx\ny"]]), "a\n [2Jx y");
  });
});

describe("fleet status of an adopted flake", () => {
  it("says once why a machine does not evaluate, and shows the others and every host", async () => {
    await using flake = await FixtureFlake.make("plain", {
      "hosts/slate.nix": 'throw "no such host"\n',
      "Pulumi.yaml": "name: quarry\nruntime: nodejs\n",
      "Pulumi.local.yaml": `config:
  pulumi-clan:flake: .
  pulumi-clan:hosts:
    gneiss: { targetHost: root@127.0.0.1:1 }
    slate: { targetHost: root@127.0.0.1:2 }
`,
    });
    const env = { ...process.env, PULUMI_STACK: "", PULUMI_CLAN_CACHE: flake.cacheDir };
    const args = [command, "-C", flake.path, "status", "--evaluate", "--json"];
    const { stdout, stderr } = await tryCommand(process.execPath, args, { env }, patience());
    assert.equal(stderr.split("no such host").length, 2, stderr);
    const rows = z.array(z.looseObject({ machine: z.string(), declared: z.string().nullable() }));
    assert.deepEqual(
      rows.parse(JSON.parse(stdout)).map(({ machine, declared: system }) => [machine, system === null]),
      [
        ["gneiss", false],
        ["slate", true],
      ],
    );
  });

  it("looks again and again with --watch, a line each time, until ^C", async () => {
    await using flake = await FixtureFlake.make("plain", {
      "Pulumi.yaml": "name: quarry\nruntime: nodejs\n",
      "Pulumi.local.yaml": `config:
  pulumi-clan:flake: .
  pulumi-clan:rollout: { unreachable: queue }
  pulumi-clan:hosts:
    gneiss: { targetHost: root@127.0.0.1:1 }
    slate: { targetHost: root@127.0.0.1:2 }
`,
    });
    const env = { ...process.env, PULUMI_STACK: "", PULUMI_CLAN_CACHE: flake.cacheDir };
    const args = [command, "-C", flake.path, "status", "--watch", "1", "--json"];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(child, "close");
    const seen: string[][] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const rows = z.array(z.looseObject({ state: z.string() })).parse(JSON.parse(line));
      seen.push(rows.map(({ state }) => state));
      if (seen.length === 2) child.kill("SIGINT");
    }
    const away = ["unreachable", "unreachable"];
    assert.deepEqual(seen.slice(0, 2), [away, away]);
    assert.deepEqual(await ended, [0, null], "machines that may sleep are no failure");
  }).timeout(120_000);
});
