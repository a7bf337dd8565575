import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { before, describe, it } from "mocha";

const program = join(import.meta.dirname, "support", "ask.ts");

/** What the program prints on a terminal of its own where `keys` are typed once it asks. */
async function typed(keys: string): Promise<string> {
  const words = [process.execPath, program].map((word) => `'${word}'`).join(" ");
  const terminal = spawn("script", ["--quiet", "--return", "--command", words, "/dev/null"], { stdio: "pipe" });
  let shown = "";
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (!shown.includes("[y/N]") && (shown + text).includes("[y/N]")) terminal.stdin.write(keys);
    shown += text;
  });
  await once(terminal, "close");
  return shown;
}

describe("a question before hosts are touched", function () {
  this.timeout(30_000);
  before(function () {
    if (process.platform !== "linux") this.skip(); // script(1) of util-linux makes the terminal
  });

  it("takes yes for yes, and everything else for no", async () => {
    assert.match(await typed("y\r"), /answer: true/);
    assert.match(await typed("\r"), /answer: false/);
    assert.match(await typed("yeah\r"), /answer: false/);
  });

  it("takes the end of the input for no", async () => {
    assert.match(await typed("\x04"), /answer: false/);
  });

  it("is stopped by ^C as everything else is, not left without an answer", async () => {
    assert.match(await typed("\x03"), /stopped, and cleaned up/);
  });
});
