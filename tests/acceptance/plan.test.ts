import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { wayBackByHand } from "../../acceptance/restore.ts";
import { Checks } from "../../acceptance/row.ts";
import { planRows, rows } from "../../acceptance/rows.ts";
import { foundOf, reasonsAgainst, type Target } from "../../acceptance/target.ts";
import { parseBootFacts } from "../../deploy/boot/read-boot.ts";
import type { HostFacts } from "../../deploy/host-facts.ts";
import { declared, hostFacts, old } from "../deploy/support/facts.ts";

const { owner: _, ...unowned } = hostFacts();

function target(changes: Partial<Target> = {}, facts: Partial<HostFacts> = {}): Target {
  return {
    facts: { ...unowned, ...facts },
    boot: parseBootFacts(""),
    description: {},
    deployers: [],
    hasEtcImage: false,
    hasNixBuild: true,
    highestGeneration: 9,
    hasState: false,
    ...changes,
  };
}

const mac = { class: "darwin", bootable: false, booted: null } as const;
const all = { only: [], reboots: true, direct: true } as const;

describe("what may be tried on a host", () => {
  const reasons = (changes: Partial<Target>, facts: Partial<HostFacts> = {}): string[] =>
    reasonsAgainst(target(changes, facts), "nixos");

  it("is everything where running system, profile and default entry agree and nobody owns it", () => {
    assert.deepEqual(reasons({}), []);
    assert.deepEqual(reasonsAgainst(target({}, mac), "darwin"), []);
  });

  it("is nothing on a host of another class, without root, or without its own Nix", () => {
    assert.deepEqual(reasons({}, mac), ["it is nix-darwin, expected NixOS (--darwin names a Mac)"]);
    assert.deepEqual(reasons({}, { class: "other" }), [
      "it is neither NixOS nor nix-darwin, expected NixOS (--darwin names a Mac)",
    ]);
    assert.deepEqual(reasons({}, { uid: 1000 }), ["neither root nor `sudo -n`"]);
    assert.deepEqual(reasons({ hasNixBuild: false }), [
      "nix-store, nix-env or nix-build is missing: variants are built on the host",
    ]);
  });

  it("is nothing on a host that somebody deploys, or that is between two systems", () => {
    const owner = { project: "fleet", stack: "core", machine: "galena" };
    assert.deepEqual(reasons({}, { owner }), ["it belongs to fleet/core: take one that nobody deploys"]);
    const between = ["running system, profile and default boot entry are not the same: switch or reboot it first"];
    assert.deepEqual(reasons({}, { profile: declared }), between);
    assert.deepEqual(reasons({}, { boot: { ...unowned.boot, toplevel: declared } }), between);
    assert.deepEqual(reasons({}, { leftovers: ["nginx.service"] }), between);
    assert.deepEqual(reasons({}, { current: null }), ["it runs no generation of its system profile"]);
  });

  it("is everything again once the note of a run that was cut off says how the host was found", () => {
    const before = foundOf(target());
    assert.deepEqual(reasons({ before }, { profile: declared }), []);
  });
});

describe("plan of an acceptance", () => {
  const planned = (from: Target, options: Partial<Parameters<typeof planRows>[2]> = {}): Record<string, string> => {
    const found = { toplevel: old, booted: from.facts.booted };
    return Object.fromEntries(
      planRows(from, found, { ...all, ...options }).map(({ row, skipped }) => [row.id, skipped ?? "tried"]),
    );
  };
  const skippedOf = (plan: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(plan).filter(([, word]) => word !== "tried"));

  it("has every row for a NixOS machine, in the order of the table", () => {
    assert.deepEqual(
      Object.entries(planned(target())),
      rows.map(({ id }) => [id, "tried"]),
    );
  });

  it("reboots nothing whose root may ask for a passphrase, that runs another kernel than its system's, or has no loader", () => {
    const encrypted = planned(target({ boot: { ...parseBootFacts(""), mayAskPassphrase: true } }));
    const words = "its root may ask for a passphrase, and nobody is there to type it";
    assert.deepEqual(skippedOf(encrypted), { "reboot-before-commit": words, "boot-and-reboot": words });
    const other = "another system was booted than runs: a reboot would change its kernel";
    assert.equal(planned(target({}, { booted: declared }))["boot-and-reboot"], other);
    assert.equal(planned(target({}, { bootable: false }))["boot-and-reboot"], "it has no loader of its own");
    assert.equal(planned(target(), { reboots: false })["boot-and-reboot"], "--no-reboots");
  });

  it("says of each row why a Mac has it not", () => {
    assert.deepEqual(Object.keys(skippedOf(planned(target({}, mac)))), [
      "failing-unit",
      "sshd-stopped",
      "reboot-before-commit",
      "boot-and-reboot",
    ]);
  });

  it("leaves out other units where /etc is an image, and cutting where another host holds the connection", () => {
    assert.deepEqual(Object.keys(skippedOf(planned(target({ hasEtcImage: true })))), [
      "one-more-unit",
      "rollback",
      "failing-unit",
      "sshd-stopped",
    ]);
    assert.deepEqual(Object.keys(skippedOf(planned(target(), { direct: false }))), ["connection-cut"]);
  });

  it("has only the rows that were asked for", () => {
    assert.deepEqual(Object.keys(planned(target(), { only: ["no-op", "rollback"] })), ["no-op", "rollback"]);
  });
});

describe("a row's checks", () => {
  it("fail where one thing is other than expected, and where nothing was looked at", () => {
    assert.equal(new Checks().passed, false);
    const checks = new Checks();
    checks.equal("generation", "7", "7");
    assert.equal(checks.passed, true);
    checks.holds("the unit is gone", false);
    assert.equal(checks.passed, false);
    assert.deepEqual(checks.all.at(-1), { what: "the unit is gone", expected: "yes", seen: "no", passed: false });
  });
});

describe("the way back by hand", () => {
  it("ends in the system, the generation and the loader's entry that were found", () => {
    assert.deepEqual(wayBackByHand(foundOf(target())), [
      "systemctl stop 'pulumi-clan-*'",
      "nix-env -p /nix/var/nix/profiles/system --switch-generation 7",
      "nix-env -p /nix/var/nix/profiles/system --delete-generations $(seq 10 109)",
      `NIXOS_NO_CHECK=1 ${old}/bin/switch-to-configuration switch`,
      "rm -rf /nix/var/nix/gcroots/pulumi-clan-acceptance /nix/var/nix/gcroots/pulumi-clan /nix/var/pulumi-clan-acceptance /nix/var/pulumi-clan",
    ]);
  });

  it("of a Mac is its activation; files of an earlier deployment stay", () => {
    const lines = wayBackByHand(foundOf(target({ hasState: true }, mac)));
    assert.deepEqual(lines.slice(2), [
      `${old}/activate`,
      "rm -rf /nix/var/nix/gcroots/pulumi-clan-acceptance /nix/var/nix/gcroots/pulumi-clan /nix/var/pulumi-clan-acceptance",
    ]);
  });
});
