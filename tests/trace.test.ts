import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import { describe, it } from "mocha";
import { renderArgv, traced, type WorkEvent, watchWork } from "../trace.ts";

/** What is told while an action runs, without times. */
async function told(action: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  using _watch = watchWork((event: WorkEvent) => {
    const { kind, what } = event.work;
    lines.push(event.kind === "began" ? `${kind} ${what}` : `${kind} ${what}: ${event.result}`);
  });
  await action();
  return lines;
}

const evaluate = { kind: "phase", what: "evaluate" } as const;

describe("trace", () => {
  it("tells the beginning and the end of work, and hands its value on", async () => {
    let value = 0;
    const lines = await told(async () => {
      value = await traced(
        evaluate,
        async () => 3,
        (machines) => `${machines} machines`,
      );
    });
    assert.equal(value, 3);
    assert.deepEqual(lines, ["phase evaluate", "phase evaluate: 3 machines"]);
  });

  it("tells the first line of what was thrown, and throws it", async () => {
    const lines = await told(() =>
      assert.rejects(
        traced(evaluate, () => Promise.reject(new Error("broken\n  at great length"))),
        /broken/,
      ),
    );
    assert.deepEqual(lines, ["phase evaluate", "phase evaluate: broken"]);
  });

  it("tells every program of this machine with its arguments and its end, one that is not there included", async () => {
    const lines = await told(async () => {
      await once(spawn("/bin/cat", ["--", "/dev/null"], { stdio: "pipe" }), "close");
      const missing = spawn("/nonexistent/program", [], { stdio: "pipe" });
      await assert.rejects(once(missing, "close"), /ENOENT/);
    });
    assert.deepEqual(lines, [
      "process cat -- /dev/null",
      "process cat -- /dev/null: exit 0",
      "process program",
      "process program: did not start",
    ]);
  });

  it("leaves no program under way that did not start, whoever was to start it", async () => {
    const lines = await told(async () => {
      // Outside of any promise Node tells of the failure before anybody can ask.
      const failed = Promise.withResolvers<unknown>();
      setImmediate(() => spawn("/nonexistent/program").once("error", failed.resolve));
      await failed.promise;
      assert.throws(() => spawn("/bin/true", [], { cwd: "/dev/null" }), /ENOTDIR/);
    });
    assert.deepEqual(lines, [
      "process program",
      "process program: did not start",
      "process true",
      "process true: did not start",
    ]);
  });

  it("tells a program to as many as watch, a machine each, and Node warns of no leak", async () => {
    const warnings: string[] = [];
    const warn = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", warn);
    const heard: string[] = [];
    await using watchers = new AsyncDisposableStack();
    for (let machine = 0; machine < 12; machine++)
      watchers.use(watchWork(({ kind, work }) => void (work.kind === "process" && heard.push(kind))));
    await once(spawn("/bin/true", [], { stdio: "pipe" }), "close");
    await new Promise(setImmediate);
    process.off("warning", warn);
    assert.deepEqual(heard, [...Array(12).fill("began"), ...Array(12).fill("ended")]);
    assert.deepEqual(warnings, []);
  });

  it("tells nobody who watches no more", async () => {
    const heard: string[] = [];
    const watch = watchWork(({ kind }) => void heard.push(kind));
    const child = spawn("/bin/cat", [], { stdio: "pipe" });
    await new Promise(setImmediate);
    watch[Symbol.dispose]();
    child.stdin.end();
    await once(child, "close");
    assert.deepEqual(heard, ["began"]);
  });

  it("calls a program that has the terminal for itself a question", async () => {
    const [begin] = await told(() => once(spawn("/bin/true", [], { stdio: "inherit" }), "close"));
    assert.equal(begin, "question true");
  });

  it("leaves out what a shell is told to do, which may be where a secret comes from", () => {
    assert.equal(renderArgv(["/bin/sh", "-c", "pass show root", "sh"]), "sh -c … sh");
    fc.assert(
      fc.property(
        fc.constantFrom("sh", "/bin/bash", "/run/current-system/sw/bin/zsh"),
        fc.base64String({ minLength: 8 }),
        (shell, secret) => {
          assert.ok(!renderArgv([shell, "-c", secret]).includes(secret));
        },
      ),
    );
  });

  it("leaves out tokens that Nix is given, and who logs in at a web address", () => {
    const argv = ["nix", "eval", "--option", "access-tokens", "example.org=t0ken"];
    assert.equal(renderArgv(argv), "nix eval --option access-tokens …");
    assert.equal(renderArgv(["nix", "build", "--extra-access-tokens", "example.org=t0ken"]).includes("t0ken"), false);
    assert.equal(
      renderArgv(["nix", "build", "git+https://me:t0ken@example.org/fleet?ref=main"]),
      "nix build 'git+https://…@example.org/fleet?ref=main'",
    );
    assert.equal(
      renderArgv(["nix", "copy", "--to", "ssh-ng://root@198.51.100.11"]),
      "nix copy --to ssh-ng://root@198.51.100.11",
    );
  });

  it("renders any command in one line that is not too long", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 2_000 }), { maxLength: 20 }), (args) => {
        const line = renderArgv(["nix", ...args]);
        assert.ok(!line.includes("\n") && line.length < 700);
      }),
    );
  });
});
