import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { countFindings, findingsDocument } from "../../../clan/checks/findings-json.ts";
import { renderFindings } from "../../../clan/checks/render-findings.ts";
import type { Finding } from "../../../clan/checks/rule.ts";
import { failing, runChecks } from "../../../clan/checks/run-checks.ts";
import { adopted } from "./support/models.ts";

const context = adopted({
  machines: { galena: {}, electrum: {} },
  roles: { "zerotier/controller": ["cinabar"], "rescue/default": ["topaz"] },
});
const allowed = { rule: "FC023", subject: "rescue/default", reason: "topaz comes next week", at: { file: "fleet.ts" } };

describe("a report", () => {
  const findings: readonly Finding[] = runChecks(context, [allowed]);

  it("is text, grouped by subject, with what is allowed and why", () => {
    assert.equal(
      renderFindings(findings),
      `role zerotier/controller
  error   FC023  role zerotier/controller is given to cinabar, which is no machine of the fleet
                 at   flake.nix
                 fix  add cinabar, or remove it here

allowed
  FC023  rescue/default: topaz comes next week

1 error, 0 warnings, 0 info, 1 allowed`,
    );
  });

  it("fails for errors that nobody allowed", () => {
    assert.deepEqual(
      failing(findings).map(({ subject }) => subject.name),
      ["zerotier/controller"],
    );
  });

  it("is JSON with places, suggestions and reasons", () => {
    const summary = { ...countFindings(findings), rules: 1, evaluated: [], notEvaluated: {} };
    const document = findingsDocument(findings, summary);
    assert.deepEqual(document.summary, summary);
    assert.deepEqual({ errors: summary.errors, suppressed: summary.suppressed }, { errors: 1, suppressed: 1 });
    assert.deepEqual(document.findings[0], {
      rule: "FC023",
      title: "a role given to a machine that does not exist",
      severity: "error",
      subject: { kind: "role", name: "rescue/default" },
      message: "role rescue/default is given to topaz, which is no machine of the fleet",
      location: { file: "flake.nix", line: null },
      suggestion: "add topaz, or remove it here",
      suppressed: { reason: "topaz comes next week" },
    });
  });

  it("keeps to 100 columns, whatever the names", () => {
    const long = adopted({
      machines: { galena: {} },
      roles: { [`${"service".repeat(9)}/${"role".repeat(9)}`]: ["nobody"] },
    });
    const widest = Math.max(
      ...renderFindings(runChecks(long, []))
        .split("\n")
        .map((line) => line.length),
    );
    // Names themselves are not broken.
    assert.ok(widest <= 17 + 63 + 36 + 1 + 5, `${widest}`);
  });

  it("has a finding for a suppression that matches nothing, with the subject that was meant", () => {
    const stale = { ...allowed, subject: "zerotier/controler" };
    const [, , idle] = runChecks(context, [stale]);
    assert.deepEqual(
      [idle?.rule, idle?.message, idle?.suggestion],
      ["FC053", "FC023 has no finding about zerotier/controler to allow", 'write "zerotier/controller"'],
    );
    const unknown = runChecks(context, [{ ...allowed, rule: "FC999" }]).find(({ rule }) => rule === "FC053");
    assert.equal(unknown?.message, "FC999 is no rule");
  });
});
