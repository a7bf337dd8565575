import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MachinePlan } from "../../clan/plan/machine-plan.ts";
import { type Happened, judgePlan, unitEffects } from "../../fidelity/compare.ts";
import type { Snapshot } from "../../fidelity/host-snapshot.ts";
import { declared, old } from "../deploy/support/facts.ts";

const snapshot = (
  current: string,
  units: Readonly<Record<string, readonly [string, string]>>,
  more: Partial<Snapshot> = {},
): Snapshot => ({
  current,
  profile: current,
  units: new Map(Object.entries(units).map(([unit, [state, invocation]]) => [unit, { state, invocation }])),
  bootId: "boot-1",
  booted: {},
  key: "",
  reloads: [],
  runs: [],
  store: new Map([[current, 10]]),
  ...more,
});
const before = snapshot(old, {
  "web.service": ["active", "1"],
  "gone.service": ["active", "1"],
  "other.service": ["active", "1"],
});
const after = snapshot(
  declared,
  { "web.service": ["active", "2"], "new.service": ["active", "1"], "other.service": ["active", "2"] },
  {
    reloads: ["zone.service"],
    runs: ["job.service"],
    store: new Map([
      [old, 10],
      [declared, 20],
    ]),
  },
);
const own = new Set(["web.service", "gone.service", "new.service", "zone.service", "job.service"]);

const plan: MachinePlan = {
  class: "nixos",
  reachable: true,
  host: "",
  current: old,
  booted: old,
  toplevel: declared,
  change: "update",
  reasons: [{ kind: "entry", name: "web", change: "gained", text: "" }],
  packages: { kind: "unknown", why: "" },
  copy: { kind: "known", paths: 1, bytes: 20, differences: { kind: "none", why: "too little for differences" } },
  reboot: { kind: "not-needed", reasons: [], made: false },
  units: {
    kind: "known",
    stop: ["gone.service"],
    start: ["job.service", "new.service"],
    restart: ["web.service"],
    reload: ["zone.service"],
    keep: [],
    unsure: [],
    dryActivation: null,
  },
  build: null,
  secrets: null,
  gates: [],
  wave: null,
  node: null,
  warnings: [],
  notes: [],
};
const happened: Happened = {
  deployed: true,
  outcome: "switched",
  before,
  after,
  closures: null,
  bootDiffers: false,
  ownUnits: own,
  reasons: [{ kind: "entry", name: "web" }],
};
const of = (changed: Partial<MachinePlan>, verdict: string, more: Partial<Happened> = {}) =>
  judgePlan({ ...plan, ...changed }, { ...happened, ...more }).flatMap((one) =>
    one.verdict === verdict ? [one.field] : [],
  );

describe("a plan against what happened", () => {
  it("is told apart by what units did, of those that are the system's", () => {
    assert.deepEqual(unitEffects(before, after, own), {
      stop: ["gone.service"],
      start: ["job.service", "new.service"],
      restart: ["web.service"],
      reload: ["zone.service"],
    });
  });

  it("is right in every field that came true, and unknown in those that it did not tell", () => {
    assert.deepEqual(of({}, "wrong"), []);
    assert.deepEqual(of({}, "unknown"), ["packages"]);
  });

  it("is wrong in every field that did not", () => {
    assert.deepEqual(of({ change: "none" }, "wrong"), ["change"]);
    assert.deepEqual(of({ reachable: false }, "wrong"), ["reachable"]);
    assert.deepEqual(of({ current: declared }, "wrong"), ["current"]);
    assert.deepEqual(
      of(
        {
          copy: {
            kind: "known",
            paths: 2,
            bytes: 20,
            differences: { kind: "none", why: "too little for differences" },
          },
        },
        "wrong",
      ),
      ["copy"],
    );
    assert.deepEqual(of({ reboot: { kind: "needed", reasons: [], made: true } }, "wrong"), ["reboot", "rebooted"]);
    assert.deepEqual(of({}, "wrong", { reasons: [] }), ["why"]);
    assert.deepEqual(of({ secrets: { change: true, files: [] } }, "wrong"), ["secrets"]);
    assert.deepEqual(of({}, "wrong", { reasons: [{ kind: "drift", name: null }] }), ["why"]);
    assert.deepEqual(of({ units: { kind: "at-boot", why: "" } }, "wrong"), ["units"]);
    const units = {
      kind: "known",
      stop: [],
      start: [],
      restart: [],
      reload: [],
      keep: ["web.service"],
      unsure: [],
    } as const;
    assert.deepEqual(
      of(
        {
          units: {
            ...units,
            stop: [],
            start: [],
            restart: [],
            reload: [],
            keep: ["web.service"],
            unsure: [],
            dryActivation: null,
          },
        },
        "wrong",
      ),
      ["units to stop", "units to start", "units to restart", "units to reload", "units left alone"],
    );
  });
});
