import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { allRules } from "../../../clan/checks/all-rules.ts";
import { checkFleet } from "../../../clan/checks/check-fleet.ts";
import type { Severity } from "../../../clan/checks/rule.ts";
import { formatLocation } from "../../../composition/source-location.ts";
import { patience } from "../../deploy/support/signals.ts";
import { FixtureFlake } from "../flake/support/fixture-flake.ts";

async function found(
  name: string,
  changes: Readonly<Record<string, string>>,
  least: readonly Severity[],
): Promise<readonly string[]> {
  await using flake = await FixtureFlake.make(name, changes);
  const { findings } = await checkFleet(
    () => flake.adopt(),
    { rules: allRules, evaluate: true, report: () => undefined },
    patience(),
  );
  return findings
    .filter(({ severity }) => least.includes(severity))
    .map(({ rule, severity, subject, at }) => {
      return `${rule} ${severity}: ${subject.kind} ${subject.name}${at === null ? "" : ` at ${formatLocation(at)}`}`;
    });
}

const serious = ["error", "warning"] as const;

describe("the checks of flakes that somebody else wrote", () => {
  it("find no error and no warning in clan's classical layout", async () => {
    assert.deepEqual(await found("classical", {}, serious), []);
  });

  it("find no error and no warning in a flake without clan", async () => {
    assert.deepEqual(await found("plain", {}, serious), []);
  });

  it("FC040: tell of the one machine that does not evaluate, where it is made", async () => {
    const broken = { "hosts/slate.nix": '{ a = builtins.throw "no"; } // (throw "no such host")\n' };
    assert.deepEqual(await found("plain", broken, serious), ["FC040 error: machine slate at flake.nix:18"]);
  });

  it("allow what fleet.checks.json allows, and tell of what it allows in vain", async () => {
    const broken = { "hosts/slate.nix": 'throw "no such host"\n' };
    const allow = [
      { rule: "FC040", subject: "slate", reason: "comes next week" },
      { rule: "FC023", subject: "sshd/server", reason: "long ago" },
    ];
    const files = { ...broken, "fleet.checks.json": JSON.stringify({ allow }, null, 2) };
    await using flake = await FixtureFlake.make("plain", files);
    const { findings } = await checkFleet(
      () => flake.adopt(),
      { rules: allRules, evaluate: true, report: () => undefined },
      patience(),
    );
    const slate = findings.find(({ rule }) => rule === "FC040");
    assert.deepEqual(slate?.suppressed, { reason: "comes next week" });
    const idle = findings.find(({ rule }) => rule === "FC053");
    assert.deepEqual([idle?.subject.name, idle?.at], ["FC023 sshd/server", { file: "fleet.checks.json", line: 10 }]);
  });
});
