import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  isTolerated,
  judgeTest,
  restartedAgain,
  restartedAnew,
  type TestEnd,
} from "../../../deploy/activation/judge-test.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import { declared, foreign, hostFacts, old, transaction } from "../support/facts.ts";

const judge = (after: Partial<HostFacts>, end: TestEnd, failedBefore: readonly string[] = []) =>
  judgeTest(transaction({ failedBefore: [...failedBefore] }), "nixos", hostFacts(), hostFacts(after), end);
const switched = { current: declared };
const ended = (exitCode: number, log = "") => ({ exitCode, log });

describe("a test is judged by what the host is afterwards", () => {
  it("good: it runs what is declared and nothing failed that did not fail before", () => {
    assert.deepEqual(judge(switched, ended(0)), { kind: "commit", failed: [] });
    // Exit code 4 is given for any failed unit, also an old one.
    assert.deepEqual(judge({ ...switched, failedUnits: ["old.service"] }, ended(4), ["old.service"]), {
      kind: "commit",
      failed: [],
    });
  });

  it("good, with names: a home or a user's session failed", () => {
    const failed = ["home-manager-cameron.service", "user@1000.service"];
    assert.deepEqual(judge({ ...switched, failedUnits: failed }, ended(4)), { kind: "commit", failed });
    assert.deepEqual(
      ["home-manager-x.service", "home-manager-.service", "nginx.service", "user@x.service"].map(isTolerated),
      [true, false, false, false],
    );
  });

  it("good, with a remark: units failed, it says, and none is failed now", () => {
    assert.deepEqual(judge(switched, ended(4, "restarting units\nuser manager: disconnected from D-Bus?\n")), {
      kind: "commit",
      failed: [],
      remark: "switch-to-configuration ended with 4 and no unit is failed now: user manager: disconnected from D-Bus?",
    });
  });

  it("bad: a system unit failed newly, whatever the exit code says", () => {
    const after = { ...switched, failedUnits: ["db.service", "home-manager-c.service"] };
    const bad = {
      kind: "failed-units",
      failed: ["db.service", "home-manager-c.service"],
      reason: "newly failed: db.service",
    };
    assert.deepEqual(judge(after, ended(4)), bad);
    assert.deepEqual(judge(after, ended(0)), bad);
  });

  it("bad: the activation script failed, although the system is switched", () => {
    assert.deepEqual(judge(switched, ended(2, "mkdir: no\nActivation script snippet 'users' failed (1)\n")), {
      kind: "failed-units",
      failed: [],
      reason: "the activation script failed: Activation script snippet 'users' failed (1): mkdir: no",
    });
    // Exit code 2 is overwritten by 4 where any unit is failed, also an old one; and the log goes on.
    const log =
      "Activation script snippet 'users' failed (1)\nreloading user units for root...\nwarning: failed: old.service";
    const words = "the activation script failed: Activation script snippet 'users' failed (1)";
    const after = { ...switched, failedUnits: ["old.service"] };
    for (const code of [2, 4]) {
      const judgement = judge(after, ended(code, log), ["old.service"]);
      assert.deepEqual(judgement, { kind: "failed-units", failed: [], reason: words });
    }
    assert.equal(judge(switched, ended(2, "a line")).kind, "failed-units", "without a word of it, too");
  });

  it("half way: it was killed, left units to be started, or ended in an error of its own", () => {
    assert.deepEqual(judge(switched, { log: "" }), { kind: "interrupted", reason: "it was stopped before its end" });
    const late = judge(switched, { log: "starting units\n\npulumi-clan: stopped at its deadline\n" });
    assert.deepEqual(late, { kind: "interrupted", reason: "it was stopped at its deadline" });
    assert.deepEqual(judge({ ...switched, leftovers: ["nginx.service"] }, ended(0)), {
      kind: "interrupted",
      reason: "units were left to be started: nginx.service",
    });
    assert.deepEqual(judge(switched, ended(1, "timed out")), {
      kind: "interrupted",
      reason: "switch-to-configuration ended with 1: timed out",
    });
    assert.deepEqual(judge({ current: old, activeUnits: ["sshd.service"] }, ended(1, "lost bus")), {
      kind: "interrupted",
      reason: "switch-to-configuration ended with 1: lost bus; no longer active: nginx.service",
    });
  });

  it("refused: nothing was changed", () => {
    assert.deepEqual(judge({}, ended(1, "Pre-switch checks failed")), {
      kind: "refused",
      reason: "switch-to-configuration ended with 1: Pre-switch checks failed",
    });
    assert.deepEqual(judge({}, ended(11, "Could not acquire lock")), {
      kind: "refused",
      reason: "busy: another switch-to-configuration holds the lock",
    });
    // 11 is also an errno that comes after units were stopped.
    assert.equal(judge({ activeUnits: [] }, ended(11, "logind: Resource temporarily unavailable")).kind, "interrupted");
    assert.equal(judge({}, ended(100)).kind, "refused");
  });

  it("suspect: a unit that systemd had to start anew and had not to before; bad, once it is started once more", () => {
    const restarts = (...counts: readonly (readonly [string, number])[]) => ({
      restarts: counts.map(([unit, count]) => ({ unit, count })),
    });
    const before = restarts(["chronic.service", 40]);
    const first = restarts(["chronic.service", 41], ["db.service", 1], ["home-manager-c.service", 2]);
    assert.deepEqual(restartedAnew(before, first), ["db.service"]);
    assert.deepEqual(restartedAgain(["db.service"], first, restarts(["db.service", 1])), []);
    assert.deepEqual(restartedAgain(["db.service"], first, restarts(["db.service", 2])), ["db.service"]);
    assert.deepEqual(restartedAgain(["db.service"], first, restarts()), [], "somebody started it by hand");
  });

  it("superseded: somebody else's system runs", () => {
    assert.equal(judge({ current: foreign }, ended(0)).kind, "superseded");
    // It ended well while nobody looked, and was replaced by hand: the first look finds what is there now.
    assert.deepEqual(judge({ current: old }, ended(0)), {
      kind: "superseded",
      reason: `${old} runs, although the test ended well: somebody else deployed`,
    });
  });

  it("rebooted: the boot undid it, whatever the log and the running system say", () => {
    const rebooted = { kind: "rebooted", reason: "the host was restarted before the commit" };
    assert.deepEqual(judge({ current: old, bootId: "boot-2" }, ended(0)), rebooted);
    assert.deepEqual(judge({ current: foreign, bootId: "boot-2" }, { log: "" }), rebooted);
  });

  it("on darwin: /run/current-system is set last and says that all steps were made", () => {
    const mac = (after: Partial<HostFacts>, end: TestEnd) =>
      judgeTest(transaction(), "darwin", hostFacts(), hostFacts(after), end);
    assert.deepEqual(mac(switched, ended(0)), { kind: "commit", failed: [] });
    assert.deepEqual(mac({}, ended(2, "error: Unexpected files in /etc")), {
      kind: "refused",
      reason: "activate ended with 2: error: Unexpected files in /etc",
    });
    assert.deepEqual(mac({}, ended(1, "brew: no network")), {
      kind: "interrupted",
      reason: "activate ended with 1: brew: no network; its first steps may be applied",
    });
  });
});
