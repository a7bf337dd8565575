// Run by tests on a terminal of its own: asks once and prints what came of it.
import { Command } from "commander";
import { confirmed } from "../../../cli/confirm.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
try {
  console.log(`answer: ${await confirmed("Go on?", { yes: false }, new Command(), interrupted.signal)}`);
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  console.log("stopped, and cleaned up");
}
