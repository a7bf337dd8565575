import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderHistory } from "../../cli/history.ts";
import { declared, old } from "../deploy/support/facts.ts";

describe("the table of fleet history", () => {
  it("shows what was deployed, newest last: by whom, for which stack, and what came of it", () => {
    const owner = { project: "fleet", stack: "core", machine: "galena" };
    const deployment = { verdict: "rolled-back", owner, by: "cameron@stibnite" } as const;
    assert.equal(
      renderHistory([
        { at: 1_790_000_000, toplevel: old, generation: 7, deployment: null },
        { at: 1_790_000_100, toplevel: declared, generation: null, deployment },
      ]),
      [
        "when                  gen  system                       outcome                            deployed for",
        "2026-09-21T14:13:20Z  7    0000000-nixos-system-galena  not by this tool, or not recorded",
        "2026-09-21T14:15:00Z       1111111-nixos-system-galena  rolled-back                        fleet/core by cameron@stibnite",
      ].join("\n"),
    );
  });
});
