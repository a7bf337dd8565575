import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { type MachinePlan, planSchema } from "../../clan/plan/machine-plan.ts";
import { renderPlan } from "../../clan/plan/render-plan.ts";
import { renderHistory } from "../../cli/history.ts";
import { type MachineStatus, renderStatus } from "../../cli/machine-status.ts";
import { parseStorePath, type StorePath } from "../../local-nix/store-path.ts";
import { unchanged } from "../clan/plan/support/whole-plan.ts";
import { type DocumentedCommand, readDocumentedCommands, readPages } from "./support/documented-commands.ts";
import { passagesOf } from "./support/markdown.ts";

/** A system of the pages, whose hashes show their first letters. */
function system(start: string, machine: string): StorePath {
  return parseStorePath(`/nix/store/${start.padEnd(32, "0")}-nixos-system-${machine}-26.05`);
}

const [running, declared] = [system("5bi2q0v", "cinnabar"), system("9mk1x7c", "cinnabar")];
const sleeping = system("7fz0d4s", "stibnite");
const [hour, day, now] = [3600, 24 * 3600, 1_790_200_000];

describe("a transcript in the documentation is what the command prints of such machines", () => {
  let commands: readonly DocumentedCommand[] = [];
  const shown = (page: string, text: string): string => {
    const found = commands.find((one) => one.page === page && one.text === text && one.output !== undefined);
    return (found?.output ?? assert.fail(`${page} shows no output of ${text}`)).join("\n");
  };

  before(async () => {
    commands = await readDocumentedCommands();
  });

  it("fleet status: one as declared, one that waits for a deployment and a reboot, one that sleeps", () => {
    const fine: MachineStatus = {
      machine: "cinnabar",
      state: "seen",
      declared: running,
      running,
      booted: running,
      profile: running,
      nextBoot: running,
      generation: 12,
      failedUnits: [],
      owner: "fleet/core",
      transaction: null,
      rebootFor: [],
      deployedSecondsAgo: 5 * hour,
    };
    const rows: readonly MachineStatus[] = [
      fine,
      { ...fine, machine: "galena", declared, generation: 8, rebootFor: ["kernel"], deployedSecondsAgo: 3 * day },
      {
        machine: "stibnite",
        state: "unreachable",
        reason: "no route to host",
        declared: sleeping,
        deployedSecondsAgo: 2 * day,
        lastSeenAt: now - 7 * hour,
        lastKnown: { running: sleeping, generation: 31, deployedAt: 1_790_000_000 },
      },
    ];
    assert.equal(shown("docs/commands.md", "fleet status"), renderStatus(rows, now));
  });

  it("fleet history: a generation of another tool, a deployment, one that was taken back", () => {
    const at = (time: string): number => Date.parse(`2026-11-${time}Z`) / 1000;
    const owner = { project: "fleet", stack: "core", machine: "cinnabar" };
    const by = "cameron@stibnite";
    const entries = [
      { at: at("20T09:12:44"), toplevel: system("7fz0d4s", "cinnabar"), generation: 11, deployment: null },
      {
        at: at("23T18:03:10"),
        toplevel: running,
        generation: 12,
        deployment: { verdict: "committed", owner, by },
      },
      {
        at: at("23T19:47:31"),
        toplevel: declared,
        generation: null,
        deployment: { verdict: "rolled-back", owner, by },
      },
    ] as const;
    assert.equal(shown("docs/commands.md", "fleet history cinnabar"), renderHistory(entries));
  });

  it("fleet plan: one that changes, one that sleeps, one that stays, one whose node goes", () => {
    const stays: MachinePlan = {
      ...unchanged,
      host: "reachable, runs 7fz0d4s-nixos-system-electrum-26.05, generation 12",
      current: system("7fz0d4s", "electrum"),
      booted: system("7fz0d4s", "electrum"),
      toplevel: system("7fz0d4s", "electrum"),
    };
    const changes: MachinePlan = {
      ...stays,
      host: "reachable, 5bi2q0v-nixos-system-cinnabar-26.05 → 9mk1x7c-nixos-system-cinnabar-26.05",
      current: running,
      booted: running,
      toplevel: declared,
      change: "update",
      reasons: [
        { kind: "tag", name: "gcp", change: "gained", text: "tag gcp gained" },
        { kind: "role", name: "user-tara/default", change: "gained", text: "role user-tara/default gained" },
        {
          kind: "file",
          name: "modules/clan/inventory/machines.ts",
          change: "changed",
          text: "modules/clan/inventory/machines.ts changed",
        },
      ],
      packages: {
        kind: "known",
        added: [{ name: "htop", before: [], after: ["3.4.1"] }],
        removed: [],
        up: [{ name: "openssl", before: ["3.0.16"], after: ["3.0.17"] }],
        down: [],
        rebuilt: 12,
        sizeBytes: { before: 1_500_000_000, after: 1_512_300_000 },
      },
      copy: {
        kind: "known",
        paths: 31,
        bytes: 48_200_000,
        differences: { kind: "unknown", why: "a deep plan tries it" },
      },
      reboot: { kind: "not-needed", reasons: [], made: false },
      units: {
        kind: "known",
        stop: [],
        start: ["htop-report.timer"],
        restart: ["nginx.service", "prometheus.service"],
        reload: [],
        keep: ["systemd-logind.service"],
        unsure: [],
        dryActivation: null,
      },
      gates: ["units nginx.service"],
    };
    const plan = planSchema.parse({
      schema: 1,
      fleet: "minerals",
      stack: "local",
      depth: "fast",
      machines: {
        cinnabar: changes,
        electrum: stays,
        stibnite: {
          ...stays,
          class: "darwin",
          reachable: false,
          host: "unreachable: no answer within 5 s",
          current: null,
          booted: null,
          change: "unknown",
        },
      },
      leaving: {
        galena: {
          text: "its node is absent: its node is deleted with its disk",
          node: {
            action: "delete",
            changes: [],
            power: { before: "on", after: "absent" },
            zone: { before: "us-central1-b", after: null },
            zonesTried: [],
            costPerMonth: { before: 204.58, after: 0 },
          },
        },
      },
    });
    assert.equal(shown("docs/plan.md", "fleet plan"), renderPlan(plan));
  });

  it("the plan as JSON is one that programs can read", async () => {
    const page = (await readPages()).find(({ path }) => path === "docs/plan.md") ?? assert.fail();
    const block = passagesOf(page.text).find(({ language }) => language === "json") ?? assert.fail();
    const whole = block.text.replaceAll(/\b(\w{7})…(?=-)/g, (_, start: string) => start.padEnd(32, "0"));
    assert.doesNotThrow(() => planSchema.parse(JSON.parse(whole)));
  });
});
