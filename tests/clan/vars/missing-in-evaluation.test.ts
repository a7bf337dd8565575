import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { generateFirst, missingVar } from "../../../clan/vars/missing-in-evaluation.ts";

const machines = ["cinnabar", "galena", "galena-two", "electrum"];
const missing = (message: string) => missingVar(message, "cinnabar", machines);

describe("an evaluation that stopped at a var which was never generated", () => {
  it("is known by the words of clan's options, whichever machine's var it is", () => {
    const readOf = "Please run `clan vars generate galena` as file was not found: /nix/store/x-value";
    assert.deepEqual(missing(readOf), { machine: "galena", name: null });
    const path =
      "File 'zerotier-ip' at 'per-machine/galena/zerotier' does not exist. Try running 'clan vars generate' first.";
    assert.deepEqual(missing(path), { machine: "galena", name: "per-machine/galena/zerotier/zerotier-ip" });
    const own = "Run 'clan vars generate' first";
    assert.deepEqual(missing(own), { machine: "cinnabar", name: null });
  });

  it("is known by the words of clan's library, and of Nix for a file that is read as it stands", () => {
    const library = "getPublicValue: Public value galena/zerotier/zerotier-ip not found!";
    assert.deepEqual(missing(library), { machine: "galena", name: "per-machine/galena/zerotier/zerotier-ip" });
    const source = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-source/vars/per-machine/electrum/tor/hostname/value";
    for (const text of [`path '${source}' does not exist`, `opening file '${source}': No such file or directory`])
      assert.deepEqual(missing(text), { machine: "electrum", name: "per-machine/electrum/tor/hostname" });
  });

  it("names the machine that a shared generator is for, the longest name that fits; else the one that was evaluated", () => {
    const shared = (generator: string) =>
      missing(`getPublicValue: Public value shared/${generator}/ip not found!`)?.machine;
    assert.equal(shared("zerotier-ip-galena-mesh"), "galena");
    assert.equal(shared("zerotier-ip-galena-two-mesh"), "galena-two");
    assert.equal(shared("zerotier-ip-galenas-mesh"), "cinnabar");
    assert.equal(shared("wifi"), "cinnabar");
  });

  it("is nothing else: whatever Nix says otherwise stays as it is", () => {
    for (const text of [
      "attribute 'bsae' missing",
      "path '/nix/store/x-source/vars.nix' does not exist",
      "The option `clan.core.vars.generators.x.files.y.value' was accessed but has no value defined. Try setting the option.",
    ])
      assert.equal(missing(text), undefined, text);
    fc.assert(fc.property(fc.string(), (text) => /vars|getPublic/.test(text) || missing(text) === undefined));
  });

  it("becomes an error that says what to do first, with Nix' own words and place", () => {
    const facts = { at: "modules/clan/mesh.ts (nix/mesh.nix:3)", found: "Public value galena/zerotier/ip not found!" };
    const { message } = generateFirst({ machine: "galena", name: "per-machine/galena/zerotier/ip" }, "cinnabar", facts);
    assert.equal(
      message,
      `cinnabar: its configuration reads per-machine/galena/zerotier/ip, which was never generated: generate first
  expected: the vars of every machine that another one's configuration reads, before anything is evaluated
  found:    Public value galena/zerotier/ip not found!
  at:       modules/clan/mesh.ts (nix/mesh.nix:3)
  fix:      fleet vars generate galena, git add what it wrote, then this again; cinnabar is deployed with it`,
    );
  });
});
