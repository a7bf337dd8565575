import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  type AcceptanceReport,
  isAccepted,
  renderReport,
  renderSummary,
  summaryOf,
} from "../../acceptance/render-report.ts";
import type { RowResult } from "../../acceptance/row.ts";
import { fileNameOf, writeReport } from "../../acceptance/write-report.ts";

const passed: RowResult = {
  id: "no-op",
  title: "the same system once more",
  expected: "unchanged",
  seconds: 1.5,
  status: "passed",
  seen: "unchanged",
  checks: [{ what: "generation", expected: "7", seen: "7", passed: true }],
};
const failed: RowResult = {
  ...passed,
  id: "health-gate",
  status: "failed",
  seen: "switched",
  checks: [...passed.checks, { what: "deployment", expected: "rolled-back", seen: "switched", passed: false }],
};
const skipped: RowResult = { ...passed, id: "sshd-stopped", seconds: 0, status: "skipped", reason: "not on darwin" };

function report(rows: readonly RowResult[], restored?: AcceptanceReport["restored"]): AcceptanceReport {
  return {
    schema: 1,
    at: "2026-10-01T12:00:00Z",
    label: "a laptop",
    class: "nixos",
    machine: { system: "NixOS 26.05", loader: "systemd-boot" },
    versions: { pulumiClan: "0.1.0", node: "24.21.0" },
    rows,
    restored: restored ?? {
      status: "as found",
      checks: [{ what: "generation", expected: "7", seen: "7", passed: true }],
      left: [],
    },
    summary: summaryOf(rows),
  };
}

describe("report of an acceptance", () => {
  it("is a page with the machine, every row and the state afterwards", () => {
    assert.equal(
      renderReport(report([passed, skipped])),
      `# a laptop, 2026-10-01

Accepted: 1 passed, 0 failed, 1 skipped; the host is as it was found.
Made by \`npm run acceptance\` of pulumi-clan 0.1.0 (Node 24.21.0) at 2026-10-01T12:00:00Z.

## The machine before

|  |  |
| --- | --- |
| system | NixOS 26.05 |
| loader | systemd-boot |

## What was tried

| step | what | expected | seen | result | seconds |
| --- | --- | --- | --- | --- | --- |
| no-op | the same system once more | unchanged | unchanged | passed | 1.5 |
| sshd-stopped | the same system once more | unchanged | not on darwin | skipped |  |

## The machine afterwards

|  | seen |  |
| --- | --- | --- |
| generation | 7 | as before |
`,
    );
  });

  it("shows what was expected where a row failed", () => {
    const text = renderReport(report([passed, failed]));
    assert.match(text, /^\*\*Not accepted\*\*: 1 passed, 1 failed, 0 skipped; the host is as it was found\.$/m);
    assert.match(
      text,
      /^### health-gate failed\n\n.*\n.*\n\| deployment \| rolled-back \| switched \|\n\n## The machine afterwards$/m,
    );
  });

  it("accepts nothing of a host that is not as it was found, nor of one on which nothing was tried", () => {
    const left = report([passed], { status: "failed", why: "the host could not be put back\n  fix: by hand" });
    assert.equal(isAccepted(left), false);
    assert.match(
      renderReport(left),
      /^The host is \*\*not\*\* as it was found:\n\n```text\nthe host could not be put back\n {2}fix: by hand\n```$/m,
    );
    assert.equal(isAccepted(report([skipped])), false);
    assert.equal(isAccepted(report([passed, skipped])), true);
    assert.equal(renderSummary(left), "a laptop: 1 passed, 0 failed, 0 skipped; the host is NOT as it was found");
  });

  it("keeps whatever a host says within its cell", () => {
    fc.assert(
      fc.property(fc.string(), (said) => {
        const text = renderReport(report([{ ...passed, seen: said }]));
        const row = text.split("\n").filter((line) => line.startsWith("| no-op |"));
        assert.equal(row.length, 1);
        assert.equal((row[0] ?? "").replaceAll("\\\\", "").replaceAll("\\|", "").split("|").length, 8);
      }),
    );
  });

  it("is written under its date and label, page and JSON", async () => {
    const folder = await mkdtemp(join(tmpdir(), "report-"));
    try {
      const page = await writeReport(report([passed]), folder);
      assert.equal(page, join(folder, "2026-10-01-a-laptop.md"));
      assert.deepEqual((await readdir(folder)).sort(), ["2026-10-01-a-laptop.json", "2026-10-01-a-laptop.md"]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    fc.assert(fc.property(fc.string(), (label) => /^[A-Za-z0-9-]+$/.test(fileNameOf(label))));
  });
});
