import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CheckContext } from "../../../clan/checks/context.ts";
import { runChecks } from "../../../clan/checks/run-checks.ts";
import { adopted, type StatedModel } from "./support/models.ts";

function found(context: CheckContext): readonly string[] {
  return runChecks(context, []).map(
    ({ rule, severity, subject }) => `${rule} ${severity}: ${subject.kind} ${subject.name}`,
  );
}

const three: StatedModel["machines"] = {
  galena: { imports: ["nixos/machines/nixos/galena"] },
  electrum: { imports: ["nixos/machines/nixos/electrum"] },
  cinnabar: { imports: ["nixos/machines/nixos/cinnabar"] },
};
const entries: NonNullable<StatedModel["entries"]> = {
  "nixos/machines/nixos/galena": ["galena"],
  "nixos/machines/nixos/electrum": ["electrum"],
  "nixos/machines/nixos/cinnabar": ["cinnabar"],
};

describe("the checks of an adopted flake", () => {
  it("find nothing where machines are registered and in the inventory", () => {
    assert.deepEqual(found(adopted({ machines: three, entries })), []);
  });

  it("find nothing in clan's classical layout: machines by folder, in the inventory or not", () => {
    const byFolder = { registered: false, imports: [] };
    const machines = { galena: byFolder, electrum: { ...byFolder, inInventory: false } };
    assert.deepEqual(found(adopted({ machines })), []);
  });

  it("find nothing but missing addresses in a flake without clan", () => {
    const plain = { inInventory: false, targetHost: null };
    const context = adopted({ machines: { galena: {}, electrum: {} } });
    const machines = Object.fromEntries(
      Object.entries(context.model.machines).map(([name, one]) => [name, { ...one, ...plain }]),
    );
    assert.deepEqual(found({ ...context, model: { ...context.model, machines } }), ["FC028 info: fleet adopted"]);
  });

  it("FC007: tell of a registry entry that no file defines", () => {
    const { "nixos/machines/nixos/galena": _gone, ...others } = entries;
    assert.deepEqual(found(adopted({ machines: three, entries: others })), ["FC007 error: machine galena"]);
  });

  it("FC015: tell of a second copy of a machine", () => {
    const machines = { ...three, electrum: { imports: ["nixos/machines/nixos/galena"] } };
    assert.deepEqual(found(adopted({ machines, entries: { ...entries, "nixos/machines/nixos/electrum": [] } })), [
      "FC015 error: machine electrum",
    ]);
    const { "nixos/machines/nixos/electrum": _own, ...others } = entries;
    assert.deepEqual(found(adopted({ machines, entries: others })), ["FC015 warning: machine electrum"]);
  });

  it("FC016: tell of a machine that is exported and in the inventory, but not registered", () => {
    const machines = { ...three, galena: { registered: false } };
    assert.deepEqual(found(adopted({ machines, entries: { ...entries, "nixos/machines/nixos/galena": [] } })), [
      "FC016 error: machine galena",
    ]);
  });

  it("FC016: warn of a machine without a body beside registered ones", () => {
    assert.deepEqual(found(adopted({ machines: { ...three, pyrite: { registered: false } }, entries })), [
      "FC016 warning: machine pyrite",
    ]);
  });

  it("FC017: warn of the one registered machine that the inventory lacks", () => {
    const pyrite = { imports: ["nixos/machines/nixos/pyrite"], inInventory: false };
    const all = { ...entries, "nixos/machines/nixos/pyrite": ["pyrite"] };
    assert.deepEqual(found(adopted({ machines: { ...three, pyrite }, entries: all })), [
      "FC017 warning: machine pyrite",
    ]);
    const { cinnabar, ...two } = three;
    const half = { ...two, cinnabar: { ...cinnabar, inInventory: false }, pyrite };
    assert.deepEqual(found(adopted({ machines: half, entries: all })), [
      "FC017 info: machine cinnabar",
      "FC017 info: machine pyrite",
    ]);
  });

  it("FC018: tell of a Mac that got clan's default class", () => {
    const stibnite = { imports: ["darwin/machines/darwin/stibnite"] };
    const all = { ...entries, "darwin/machines/darwin/stibnite": ["stibnite"] };
    const context = adopted({ machines: { ...three, stibnite }, entries: all });
    assert.deepEqual(found(context), ["FC018 error: machine stibnite"]);
    // Nix fails for the same cause.
    const machines = Object.fromEntries(
      Object.entries(context.model.machines).map(([name, machine]) => {
        return [name, name === "stibnite" ? { ...machine, problem: "cannot be imported" } : machine];
      }),
    );
    assert.deepEqual(found({ ...context, model: { ...context.model, machines } }), ["FC018 error: machine stibnite"]);
  });

  it("FC020: tell once of a machine that registry and inventory spell differently", () => {
    const machines = { ...three, galena: { ...three.galena, inInventory: false }, galenna: { registered: false } };
    assert.deepEqual(found(adopted({ machines, entries })), ["FC020 error: machine galenna"]);
  });

  it("FC023: tell of a member that is no machine", () => {
    assert.deepEqual(found(adopted({ machines: three, entries, roles: { "zerotier/controller": ["cinabar"] } })), [
      "FC023 error: role zerotier/controller",
    ]);
  });

  it("FC039: tell of two machines at one address", () => {
    const machines = { ...three, electrum: { ...three.electrum, targetHost: "root@galena.zt:22" } };
    assert.deepEqual(found(adopted({ machines, entries })), ["FC039 error: machine electrum"]);
  });

  it("FC054: pass on what clan's own checks say, which only stop the generation of vars", () => {
    const { model, ...context } = adopted({ machines: three, entries });
    const clanChecks = [
      { id: "zerotier-controller", message: "exactly one controller", severity: "error" },
      { id: "tld", message: "set meta.domain", severity: "info" },
    ];
    const told = runChecks({ ...context, model: { ...model, clanChecks } }, []);
    assert.deepEqual(
      told.map(({ rule, severity, message }) => `${rule} ${severity}: ${message}`),
      [
        "FC054 warning: clan check zerotier-controller: exactly one controller",
        "FC054 info: clan check tld: set meta.domain",
      ],
    );
  });

  it("say nothing of unused entries where imports could not be followed", () => {
    const more = { ...entries, "nixos/unused": [], "nixos/machines/nixos/galean": [] };
    assert.deepEqual(found(adopted({ machines: three, entries: more }, { reachKnown: false })), []);
  });
});
