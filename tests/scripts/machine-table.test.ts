import assert from "node:assert/strict";
import { renderMachineTable } from "../../scripts/lib/machine-table.ts";

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
});
