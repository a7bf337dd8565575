import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, it } from "mocha";
import { hostScript, scriptNames, scriptText } from "../../../deploy/activation/scripts.ts";

describe("scripts for hosts", () => {
  it("are read by dash, the strictest shell they may meet", () => {
    for (const name of scriptNames) {
      const { status, stderr } = spawnSync("/bin/sh", ["-n"], { input: scriptText(name), encoding: "utf8" });
      assert.deepEqual([name, status, stderr], [name, 0, ""]);
    }
  });

  it("run not even in part when the connection cuts them short", () => {
    // `record` of a state that the test may not have: cut anywhere, it must fail as syntax before its first command.
    const { text } = hostScript("record", []);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 3 }), (length) => {
        const traced = spawnSync("/bin/sh", ["-s"], { input: `set -x\n${text.slice(0, length)}`, encoding: "utf8" });
        assert.ok(!/^\+/m.test(traced.stderr), traced.stderr.slice(0, 200));
      }),
      { numRuns: 60 },
    );
  });

  it("print each fact on a line of its own, whatever the host calls itself", () => {
    const emit = (value: string): string => {
      const text = `${scriptText("facts").split("\nfree_kib()")[0]}\nemit key "$1"\n`;
      return spawnSync("/bin/sh", ["-c", text, "sh", value], { encoding: "latin1" }).stdout;
    };
    assert.equal(emit("a\nend\t1\u001b[2J\u007f b"), "key\ta end 1[2J b\n");
    assert.equal(emit("x".repeat(70_000)), `key\t${"x".repeat(65_536)}\n`);
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
        (value) => {
          const expected = Buffer.from(value)
            .toString("latin1")
            .replaceAll(/[\n\t]/g, " ");
          assert.equal(emit(value), `key\t${[...expected].filter((c) => c >= " " && c !== "\u007f").join("")}\n`);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("take hostile arguments as text", () => {
    const hostile = "$(touch /tmp/pulumi-clan-injected); `id` '\"\\ \n";
    const { args, text } = hostScript("validity", [hostile]);
    const { stdout } = spawnSync("/bin/sh", ["-s", "--", ...(args ?? [])], { input: text, encoding: "utf8" });
    assert.match(stdout, /^valid\tno$/m);
    assert.notEqual(spawnSync("test", ["-e", "/tmp/pulumi-clan-injected"]).status, 0);
  });
});
