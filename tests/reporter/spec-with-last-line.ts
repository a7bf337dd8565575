import { writeFileSync } from "node:fs";
import Mocha from "mocha";
import { lastLine } from "./last-line.ts";
import { type RunRecord, recordVariable } from "./run-record.ts";

/** Mocha's spec reporter, closed by one line that a person and a machine read alike. */
export class SpecWithLastLine extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    Mocha.reporters.Base.consoleLog(lastLine({ passed: passes, failed: failures, skipped: pending }));
    const path = process.env[recordVariable];
    if (path === undefined) return;
    const record: RunRecord = {
      passed: passes,
      skipped: pending,
      failures: this.failures.map((test) => ({ title: test.fullTitle(), file: test.file ?? null })),
    };
    writeFileSync(path, JSON.stringify(record));
  }
}

// Mocha takes a reporter's module by its default export.
export default SpecWithLastLine;
