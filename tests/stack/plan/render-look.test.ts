import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import type { LastSwitch } from "../../../deploy/observation/observe-host.ts";
import { renderLook } from "../../../stack/plan/render-look.ts";
import { declared, foreign, hostFacts } from "../../deploy/support/facts.ts";

describe("a machine's line in a plan", () => {
  const seen = (
    facts: Partial<HostFacts>,
    more: { readonly lastSwitch?: LastSwitch; readonly through?: string; readonly specialisation?: string } = {},
  ): string => {
    const { lastSwitch, through = [], specialisation = null } = more;
    const observation = {
      facts: hostFacts(facts),
      rebootFor: [],
      hostKey: "SHA256:x",
      ...(lastSwitch && { lastSwitch }),
    };
    const way = { through: [through].flat(), backEnd: "ssh2" } as const;
    return renderLook({ kind: "seen", seen: { observation }, way }, { toplevel: declared, specialisation });
  };
  const runs = { current: declared, profile: declared, generation: 8 };

  it("says what the host runs and what it will run, and the jump hosts on the way", () => {
    assert.equal(seen(runs), "reachable, runs 1111111-nixos-system-galena, generation 8");
    assert.equal(
      seen(runs, { through: "edge" }),
      "reachable through edge, runs 1111111-nixos-system-galena, generation 8",
    );
    assert.equal(seen({}), "reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena");
    assert.match(seen({ current: declared }), /not committed: a reboot would undo it$/);
  });

  it("says that a specialisation runs, or shall", () => {
    const docked = { ...runs, current: foreign, specialisations: [{ of: declared, name: "docked" }] };
    assert.equal(
      seen(docked, { specialisation: "docked" }),
      "reachable, runs 1111111-nixos-system-galena, specialisation docked, generation 8",
    );
    assert.equal(
      seen(docked),
      "reachable, 1111111-nixos-system-galena, specialisation docked → 1111111-nixos-system-galena",
    );
  });

  it("names who else deployed what it runs", () => {
    assert.equal(
      seen({}, { lastSwitch: { tool: "nixos-rebuild", at: 1_790_000_000 } }),
      "reachable, 0000000-nixos-system-galena (last switched 2026-09-21T14:13:20Z by nixos-rebuild) → 1111111-nixos-system-galena",
    );
    assert.doesNotMatch(seen({}, { lastSwitch: { tool: "pulumi-clan", at: 1_790_000_000 } }), /switched/);
  });
});
