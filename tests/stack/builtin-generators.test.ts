import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { VarsMissingError } from "../../clan/vars/errors.ts";
import { byCommand } from "../../stack/builtin-generators.ts";
import { patience } from "../deploy/support/signals.ts";

const secret = (command: string) => ({ generator: "tor", file: "identity", command });

describe("a secret that a command prints", function () {
  this.timeout(60_000);

  it("is all of its output", async () => {
    const { name, make } = byCommand(secret("printf 'a\\nb'"), patience());
    assert.deepEqual([name, await make()], ["tor", { identity: { secret: true, content: "a\nb" } }]);
  });

  for (const { of, command, deadlineMs, found } of [
    { of: "failed", command: "echo half; echo 'no entropy' >&2; exit 3", found: "exit code 3: no entropy" },
    { of: "printed nothing", command: "true", found: "exit code 0, no output: it said nothing" },
    // What it started holds its output open.
    { of: "does not end", command: "sleep 30 & wait", deadlineMs: 500, found: /no end within 0.5 s$/ },
    { of: "never stops printing", command: "yes", found: /more than 1048576 characters of output$/ },
  ] as const)
    it(`is none of a command that ${of}`, async () => {
      await assert.rejects(byCommand(secret(command), patience(), deadlineMs).make(), (error: unknown) => {
        assert.ok(error instanceof VarsMissingError, String(error));
        if (typeof found === "string") assert.equal(error.facts.found, found);
        else assert.match(error.facts.found, found);
        return true;
      });
    });

  it("is given up with the caller's signal", async () => {
    const stop = new AbortController();
    const made = byCommand(secret("sleep 30 & wait"), stop.signal).make();
    stop.abort(new Error("^C"));
    await assert.rejects(made, /\^C/);
  });
});
