import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { explainDrift, type KnownHost } from "../../../deploy/observation/drift.ts";
import type { Observation } from "../../../deploy/observation/observe-host.ts";
import { declared, foreign, hostFacts, old, transaction } from "../support/facts.ts";

const known: KnownHost = {
  toplevel: declared,
  policy: { specialisation: null },
  class: "nixos",
  owner: { project: "fleet", stack: "core" },
  running: declared,
  profile: declared,
  generation: 8,
  bootId: "boot-1",
  drift: null,
};
const boot = hostFacts().boot;
const runs = (path: typeof declared, generation: number): Parameters<typeof hostFacts>[0] => ({
  current: path,
  profile: path,
  generation,
  boot: { ...boot, toplevel: path },
});
const seen = (facts: Parameters<typeof hostFacts>[0], more: Partial<Observation> = {}): Observation => ({
  facts: hostFacts({ ...runs(declared, 8), ...facts }),
  rebootFor: [],
  hostKey: "SHA256:AAAA",
  ...more,
});

describe("drift", () => {
  it("is none for a host that runs, and will boot, what was deployed", () => {
    assert.equal(explainDrift(known, seen({})), null);
    assert.equal(explainDrift({ ...known, drift: "switched" }, seen({})), null, "mended");
  });

  it("names the other tool, or says that there was none", () => {
    const lastSwitch = { tool: "nixos-rebuild", at: 1_790_000_000 };
    assert.equal(
      explainDrift(known, seen(runs(foreign, 9), { lastSwitch })),
      "switched to 2222222-nixos-system-galena, generation 9; last switched 2026-09-21T14:13:20Z by nixos-rebuild",
    );
    assert.equal(
      explainDrift(known, seen(runs(old, 7), { lastSwitch: { at: 1_790_000_000 } })),
      "rolled back to 0000000-nixos-system-galena, generation 7; last switched 2026-09-21T14:13:20Z by hand",
    );
  });

  it("tells a reboot into another system from a switch, and a test from both", () => {
    assert.equal(
      explainDrift(known, seen({ ...runs(old, 7), booted: old, bootId: "boot-2" })),
      "rebooted into 0000000-nixos-system-galena",
    );
    assert.equal(
      explainDrift(known, seen({ current: foreign })),
      "runs 2222222-nixos-system-galena, which the profile does not name: a reboot would undo it",
    );
  });

  it("names the specialisation that runs, and none when it is the declared one", () => {
    const docked = { current: foreign, specialisations: [{ of: declared, name: "docked" }] };
    const declaresIt = { ...known, policy: { specialisation: "docked" }, running: foreign };
    assert.equal(explainDrift(declaresIt, seen(docked)), null);
    assert.equal(
      explainDrift(known, seen(docked)),
      "runs 1111111-nixos-system-galena, specialisation docked, declared is no specialisation",
    );
    assert.equal(
      explainDrift(declaresIt, seen({ booted: declared, bootId: "boot-2" })),
      "rebooted into 1111111-nixos-system-galena, declared is specialisation docked",
    );
  });

  it("sees what only the next boot would show", () => {
    assert.equal(
      explainDrift(known, seen({ profile: old, generation: 9 })),
      "the profile names 0000000-nixos-system-galena, generation 9: another system after a reboot",
    );
    assert.equal(
      explainDrift(known, seen({ boot: { ...boot, toplevel: old } })),
      "the next boot starts 0000000-nixos-system-galena",
    );
    assert.equal(explainDrift(known, seen({ bootable: false, boot: { ...boot, toplevel: old } })), null, "a container");
  });

  it("sees another owner, an open deployment and a switch that was cut off", () => {
    assert.equal(
      explainDrift(
        known,
        seen({
          owner: { project: "fleet", stack: "other", machine: "galena" },
          transaction: transaction({ toplevel: foreign }),
          leftovers: ["nginx.service"],
        }),
      ),
      "the host belongs to fleet/other now; a deployment of 2222222-nixos-system-galena by fleet/core is open; a switch was cut off, not yet restarted: nginx.service",
    );
    assert.match(
      String(explainDrift(known, seen({ transaction: transaction({ bootId: "boot-0" }) }))),
      /was cut off by a reboot/,
    );
  });

  it("keeps its reason while the host stays as it was last seen", () => {
    const drifted = { ...known, running: foreign, profile: foreign, drift: "switched to … by clan" };
    assert.equal(explainDrift(drifted, seen(runs(foreign, 9), { lastSwitch: { at: 1 } })), "switched to … by clan");
  });
});
