import assert from "node:assert/strict";
import { renderMachineTable, sinceUpdate } from "../../scripts/lib/machine-table.ts";

describe("the table after quickstart", () => {
  it("has one line per machine, and says where nothing is known", () => {
    const table = renderMachineTable({
      cinnabar: { class: "nixos", outcome: "switched", toplevel: "/nix/store/abc-nixos", seconds: 3.14 },
      stibnite: { class: "darwin", outcome: "unreachable", toplevel: null },
    });
    assert.equal(
      table,
      `machine   class   outcome      toplevel              seconds
cinnabar  nixos   switched     /nix/store/abc-nixos  3.1
stibnite  darwin  unreachable  -                     -`,
    );
  });

  it("says of a machine that had no turn what it waits for", () => {
    const held = {
      class: "nixos",
      outcome: "held",
      toplevel: null,
      seconds: 0,
      reason: "wave canaries: galena failed",
    };
    assert.match(renderMachineTable({ cinnabar: held }), / held {5}- {9}0\.0 {6}wave canaries: galena failed$/);
  });

  it("says unchanged of a machine that the update did not deploy", () => {
    const row = { class: "nixos", outcome: "switched", toplevel: "/nix/store/abc-nixos", seconds: 3.14 };
    const staged = { ...row, outcome: "staged-for-reboot" };
    const before = { cinnabar: row, galena: row, pyrite: staged };
    const after = { cinnabar: row, galena: { ...row, seconds: 2.5 }, pyrite: staged, stibnite: row };
    const outcomes = Object.entries(sinceUpdate(before, after)).map(([name, { outcome }]) => `${name} ${outcome}`);
    assert.deepEqual(outcomes, [
      "cinnabar unchanged",
      "galena switched",
      "pyrite staged-for-reboot",
      "stibnite switched",
    ]);
  });
});
