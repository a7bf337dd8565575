import Mocha from "mocha";
import { lastLine } from "./last-line.ts";

/** Mocha's spec reporter, closed by one line that a person and a machine read alike. */
export class SpecWithLastLine extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    Mocha.reporters.Base.consoleLog(lastLine({ passed: passes, failed: failures, skipped: pending }));
  }
}

// Mocha takes a reporter's module by its default export.
export default SpecWithLastLine;
