import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as soonAgain } from "node:timers/promises";
import { describe, it } from "mocha";
import { nixVersion, parseNixVersion, renderCommand, runNix } from "../../local-nix/nix-command.ts";
import { NixError } from "../../local-nix/nix-error.ts";
import { runProcess } from "../../local-nix/run-process.ts";
import { soon } from "./support/fixtures.ts";
import { TemporaryFolder, withPath } from "./support/temporary-folder.ts";

const processDefaults = { env: process.env, deadlineMs: 20_000, graceMs: 1000, maxStdoutBytes: 1000 };

describe("a command of Nix", () => {
  it("answers on stdout", async () => {
    assert.equal(await runNix(["eval", "--expr", "1 + 1"], { signal: soon() }), "2\n");
  });

  it("fails with the last error block and its place", async () => {
    await using folder = await TemporaryFolder.make();
    await folder.write({ "bad.nix": "{\n  a = ;\n}\n" });
    const file = join(folder.path, "bad.nix");
    await assert.rejects(
      runNix(["eval", "--file", file], { signal: soon(), purpose: "galena: try" }),
      (error: unknown) => {
        assert.ok(error instanceof NixError);
        assert.deepEqual(error.facts, {
          summary: "galena: try: Nix failed",
          expected: "exit code 0",
          found: "syntax error, unexpected ';'",
          at: `${file}:2`,
          fix: `correct what the message names; for the whole trace run: nix eval --file ${file} --show-trace`,
        });
        assert.equal(error.failure.exitCode, 1);
        return true;
      },
    );
  });

  it("is refused when there is no nix on PATH", async () => {
    await using empty = await TemporaryFolder.make();
    await assert.rejects(
      withPath(empty.path, () => runNix(["eval"], { signal: soon() })),
      {
        code: "FLEET_NIX_MISSING",
        message: `Nix is not installed: there is no \`nix\` on PATH
  expected: Nix 2.24 or later on this machine; it evaluates and builds what is deployed
  found:    PATH=${empty.path}
  at:       nix --version
  fix:      install Nix (https://nixos.org/download), or open a shell whose PATH has it`,
      },
    );
  });

  it("is refused when nix is too old", async () => {
    await using folder = await TemporaryFolder.make();
    await folder.executable("nix", "#!/bin/sh\necho 'nix (Nix) 2.18.9'\n");
    await assert.rejects(
      withPath(folder.path, () => nixVersion(soon())),
      {
        code: "FLEET_NIX_TOO_OLD",
        message: /found: {4}nix \(Nix\) 2\.18\.9/,
      },
    );
  });

  it("says so when something else killed it", async () => {
    await using folder = await TemporaryFolder.make();
    const version = `[ "$1" != --version ] || { echo 'nix (Nix) 2.26.3'; exit; }`;
    await folder.executable("nix", `#!/bin/sh\n${version}\necho half done >&2\nkill -9 $$\n`);
    await assert.rejects(
      withPath(folder.path, () => runNix(["eval"], { signal: soon() })),
      {
        code: "FLEET_NIX",
        message: /found: {4}Nix was killed by a signal; is there memory enough\?\n +half done/,
      },
    );
  });

  it("is stopped at its deadline", async () => {
    const forever = "let f = n: if n < 2 then 1 else f (n - 1) + f (n - 2); in f 60";
    await assert.rejects(runNix(["eval", "--expr", forever], { signal: soon(), deadlineMs: 300, purpose: "loop" }), {
      code: "FLEET_NIX_LIMIT",
      message: /^loop: not finished after 0 s/,
    });
  });

  it("is killed with its whole process group when it is aborted", async () => {
    await using folder = await TemporaryFolder.make();
    const pids = join(folder.path, "pids");
    const script = `sleep 300 & echo $! > '${pids}'; echo $$ >> '${pids}'; echo ready >&2; wait`;
    const abort = new AbortController();
    const reason = new Error("Ctrl-C");
    const request = {
      ...processDefaults,
      file: "sh",
      args: ["-c", script],
      onStderrLine: (line: string) => line === "ready" && abort.abort(reason),
    };
    const result = await runProcess(request, abort.signal);
    assert.equal(result.killed, "aborted");
    const [child, parent] = (await readFile(pids, "utf8")).trim().split("\n").map(Number);
    for (const pid of [child, parent]) assert.equal(await runs(pid), false, `process ${pid} still runs`);
  });

  it("throws the reason of the signal, also of one that was aborted before", async () => {
    const reason = new Error("Ctrl-C");
    await assert.rejects(runNix(["--version"], { signal: AbortSignal.abort(reason) }), reason);
    const abort = new AbortController();
    const forever = runNix(
      ["eval", "--expr", 'let f = n: if n < 2 then 1 else f (n - 1) + f (n - 2); in builtins.trace "on" (f 60)'],
      {
        signal: abort.signal,
        onLog: () => abort.abort(reason),
      },
    );
    await assert.rejects(forever, reason);
  });

  it("keeps no more of the output than it may", async () => {
    const flood = { ...processDefaults, file: "sh", args: ["-c", "while :; do echo 0123456789; done"] };
    assert.equal((await runProcess(flood, soon())).killed, "too-much-output");
  });

  it("ends with the process, though a daemon that it left behind keeps its pipes open", async () => {
    const args = ["-c", "setsid sleep 30 & echo $!"];
    const result = await runProcess({ ...processDefaults, deadlineMs: 1_000, file: "sh", args }, soon());
    try {
      assert.equal(result.exitCode, 0);
      assert.equal(result.killed, undefined);
      assert.ok(await runs(Number(result.stdout)), "waited for the daemon");
    } finally {
      process.kill(Number(result.stdout));
    }
  });

  describe("when this process is sent a signal", () => {
    const module = new URL("../../local-nix/run-process.ts", import.meta.url).href;
    const request = { file: "sh", args: ["-c", "echo $$ >&2; exec sleep 30"], deadlineMs: 30_000, graceMs: 100 };
    const program = (listening: string): string => `import { runProcess } from ${JSON.stringify(module)};
      const stop = new AbortController();
      ${listening}
      const request = { ...${JSON.stringify(request)}, env: process.env, maxStdoutBytes: 10, onStderrLine: console.log };
      await runProcess(request, stop.signal);`;
    const interrupt = async (listening: string) => {
      const limit = soon();
      const parent = spawn(process.execPath, ["--input-type=module", "--eval", program(listening)], { signal: limit });
      const [line] = await once(parent.stdout, "data", { signal: limit });
      parent.kill("SIGINT");
      const [code, signal] = await once(parent, "exit", { signal: limit });
      while (await runs(Number(String(line)))) {
        limit.throwIfAborted();
        await soonAgain();
      }
      return { code, signal };
    };

    it("ends with it", async () => {
      assert.deepEqual(await interrupt(""), { code: null, signal: "SIGINT" });
    });

    it("ends, and leaves this process to whoever listens for the signal", async () => {
      const listening = 'process.once("SIGINT", () => stop.abort(new Error("asked")));';
      assert.deepEqual(await interrupt(listening), { code: 0, signal: null });
    });
  });

  it("gives lines of stderr as they come, and what it reads on stdin", async () => {
    const lines: string[] = [];
    const script = "cat; printf 'a\\nb' >&2; printf 'ü\\nlast' >&2";
    const onStderrLine = (line: string): void => void lines.push(line);
    const result = await runProcess(
      { ...processDefaults, file: "sh", args: ["-c", script], stdin: "in", onStderrLine },
      soon(),
    );
    assert.deepEqual(lines, ["a", "bü", "last"]);
    assert.equal(result.stdout, "in");
    assert.equal(result.exitCode, 0);
  });
});

describe("the version of Nix", () => {
  it("is read from every distribution's text", () => {
    assert.equal(parseNixVersion("nix (Nix) 2.26.3\n"), "2.26.3");
    assert.equal(parseNixVersion("nix (Determinate Nix 3.6.2) 2.29.0"), "2.29.0");
    assert.equal(parseNixVersion("nix (Lix, like Nix) 2.93.0\nSystem type: x"), "2.93.0");
    assert.equal(parseNixVersion("nix (Nix) 2.33pre20251107_479b6b73"), "2.33pre20251107_479b6b73");
    assert.equal(parseNixVersion("command not found"), undefined);
  });
});

describe("a rendered command", () => {
  it("can be pasted into a shell", () => {
    assert.equal(renderCommand(["eval", "path:/x#a", "it's $HOME"]), "nix eval path:/x#a 'it'\\''s $HOME'");
  });
});

/** A killed child that nobody has waited for yet is a zombie and runs no more. */
async function runs(pid: number | undefined): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/^\d+ \(.*\) Z/.test(stat);
}
