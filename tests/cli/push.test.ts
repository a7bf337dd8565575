import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { renderPush, reportTo } from "../../cli/push.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import { patience } from "../deploy/support/signals.ts";

const fleet = join(import.meta.dirname, "../../cli/fleet.ts");
describe("fleet push", () => {
  describe("usage", () => {
    const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["a path outside of the store", ["/etc", "--host", "h"], /not in \/nix\/store: \/etc/],
      ["no host", ["/nix/store/00000000000000000000000000000000-x"], /--host/],
      ["no path", ["--host", "h"], /path/],
      ["a target that is none", ["/etc", "--host", "a:b:c"], /no SSH target/],
      ["a host key that is none", ["/etc", "--host", "h", "--host-key", "ssh-ed25519 AAAA"], /not of type ssh-ed25519/],
    ];
    for (const [what, args, message] of usage) {
      it(`exits 2 for ${what}`, async () => {
        const { exitCode, stderr } = await tryCommand(process.execPath, [fleet, "push", ...args], {}, patience());
        assert.equal(exitCode, 2, stderr);
        assert.match(stderr, message);
      });
    }
  });

  it("says in one line what was done", () => {
    const result = { paths: 3, bytes: 12_300_000, bytesSent: 4_560_000, seconds: 1.26, backend: "serve" } as const;
    assert.equal(renderPush(result, "root@galena"), "root@galena: 3 paths, 12.3 MB, 4.6 MB sent in 1.3 s (serve)");
    const delta = { paths: 2, bytes: 10_000_000, bytesSent: 100_000 };
    assert.equal(
      renderPush({ ...result, bytesSent: 150_000, delta }, "galena"),
      "galena: 3 paths, 12.3 MB, 0.1 MB sent in 1.3 s (serve; 2 as differences, 9.9 MB saved)",
    );
    const direct = { paths: 1, bytes: 2_000_000, seconds: 1, backend: "worker", through: "socket" } as const;
    assert.equal(renderPush(direct, "galena"), "galena: 1 path, 2.0 MB in 1.0 s (worker at the daemon's socket)");
    const none = { paths: 0, bytes: 0, seconds: 0.2, backend: "none" } as const;
    assert.equal(renderPush(none, "root@galena"), "root@galena: every path was there (0.2 s)");
  });

  it("tells of the progress at most every other second, and of everything else at once", () => {
    const told: string[] = [];
    let now = 0;
    const terminal: Terminal = {
      exitCode: 0,
      answer: () => undefined,
      tell: (text) => told.push(text),
      clear: () => undefined,
    };
    const report = reportTo(terminal, () => now);
    const progress = { done: 1, total: 9, unit: "paths" } as const;
    report({ level: "info", subject: "galena", phase: "push", message: "9 paths" });
    report({ level: "debug", subject: "galena", phase: "push", message: "1 of 9", progress });
    now = 2_000;
    report({ level: "debug", subject: "galena", phase: "push", message: "2 of 9", progress });
    report({ level: "debug", subject: "galena", phase: "push", message: "3 of 9", progress });
    report({ level: "debug", subject: "galena", phase: "push", message: "without a number" });
    assert.deepEqual(told, ["galena: push: 9 paths", "galena: push: 2 of 9"]);
  });
});
