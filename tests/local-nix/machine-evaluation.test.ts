import assert from "node:assert/strict";
import { access, mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import {
  type EvaluationOptions,
  evaluateMachines,
  type MachineEvaluation,
} from "../../local-nix/machine-evaluation.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import { fleetFiles, machines, recorder, silent, soon } from "./support/fixtures.ts";
import { countingNix, TemporaryFolder, withPath } from "./support/temporary-folder.ts";

type Results = ReadonlyMap<string, PromiseSettledResult<MachineEvaluation>>;

/** A fleet, its cache and how it is evaluated; `builder` false: as a flake. */
class Fleet implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly cache: TemporaryFolder;

  private constructor(folder: TemporaryFolder, cache: TemporaryFolder) {
    this.folder = folder;
    this.cache = cache;
  }

  static async make(changes: Readonly<Record<string, string>> = {}): Promise<Fleet> {
    const fleet = new Fleet(await TemporaryFolder.make(), await TemporaryFolder.make());
    await fleet.folder.write(fleetFiles(changes));
    await fleet.folder.git("init", "-q");
    return fleet;
  }

  async evaluate(options: Partial<EvaluationOptions> = {}, signal = soon()): Promise<Results> {
    const cacheDir = this.cache.path;
    const tree = await stageTree(this.folder.path, { cacheDir }, silent, signal);
    return evaluateMachines(machines, { tree, cacheDir, ...options }, silent, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
    await this.cache[Symbol.asyncDispose]();
  }
}

const withBuilder = { systemBuilder: "builder" };

function value(results: Results, machine: string): MachineEvaluation {
  const result = results.get(machine);
  if (result?.status !== "fulfilled") assert.fail(`${machine}: ${result?.reason}`);
  return result.value;
}

function reason(results: Results, machine: string): NixEvaluationError {
  const result = results.get(machine);
  assert.equal(result?.status, "rejected");
  assert.ok(result.reason instanceof NixEvaluationError, String(result.reason));
  return result.reason;
}

describe("evaluation of machines", () => {
  for (const [name, options] of [
    ["flake", {}],
    ["system builder", withBuilder],
  ] as const) {
    it(`gives derivation, toplevel and system of each through the ${name}, and writes the derivations`, async () => {
      await using fleet = await Fleet.make();
      const results = await fleet.evaluate(options);
      assert.deepEqual([...results.keys()], ["galena", "pyrite", "stibnite"]);
      const { drvPath, toplevel, system, cached } = value(results, "stibnite");
      assert.match(toplevel, /-darwin-system-stibnite$/);
      assert.equal(drvPath.endsWith("-darwin-system-stibnite.drv"), true);
      assert.match(system, /^(?:x86_64|aarch64)-(?:linux|darwin)$/);
      assert.equal(cached, false);
      await access(drvPath);
      // Second witness: Nix's own answer to what that derivation builds.
      const outputs = await runNix(["path-info", "--derivation", drvPath], { signal: soon() });
      assert.equal(outputs.trim(), drvPath);
      assert.equal(await readlink(join(fleet.cache.path, "gc-roots/stibnite.drv")), drvPath);
    });
  }

  it("has a root in each scope that asks, also for what another one evaluated", async () => {
    await using fleet = await Fleet.make();
    const { drvPath } = value(await fleet.evaluate({ ...withBuilder, rootScope: ["fleet", "core"] }), "galena");
    const { cached } = value(await fleet.evaluate({ ...withBuilder, rootScope: ["fleet", "burst"] }), "galena");
    assert.equal(cached, true);
    for (const scope of ["fleet@core", "fleet@burst"])
      assert.equal(await readlink(join(fleet.cache.path, "gc-roots", scope, "galena.drv")), drvPath);
  });

  it("changes for exactly the machines that a change reaches", async () => {
    await using fleet = await Fleet.make();
    const before = await fleet.evaluate(withBuilder);
    await fleet.folder.write({ "nix/entries/nixos/galena.nix": `{ text = "other"; }\n`, "README.md": "new\n" });
    const after = await fleet.evaluate(withBuilder);
    assert.notEqual(value(after, "galena").toplevel, value(before, "galena").toplevel);
    assert.equal(value(after, "pyrite").toplevel, value(before, "pyrite").toplevel);
    assert.equal(value(after, "stibnite").toplevel, value(before, "stibnite").toplevel);
  });

  it("is read from the cache, with one process of Nix for all machines beside the version", async () => {
    await using fleet = await Fleet.make();
    await using shim = await TemporaryFolder.make();
    const cold = await fleet.evaluate(withBuilder);
    const { path, calls } = await countingNix(shim);
    const tree = await stageTree(fleet.folder.path, { cacheDir: fleet.cache.path }, silent, soon());
    await withPath(path, async () => {
      const options = { tree, cacheDir: fleet.cache.path, ...withBuilder };
      const warm = await evaluateMachines(machines, options, silent, soon());
      assert.deepEqual(value(warm, "galena"), { ...value(cold, "galena"), cached: true });
      const [version, ...others] = await calls();
      assert.equal(version?.trim(), "");
      assert.deepEqual(others, ["path-info --json"]);
      await evaluateMachines(machines, options, silent, soon());
      assert.deepEqual(await calls(), ["path-info --json"]);
    });
  });

  it("is made again when another option, builder or platform asks another question", async () => {
    await using fleet = await Fleet.make({ "other/default.nix": "args: import ../builder args\n" });
    await fleet.evaluate(withBuilder);
    assert.equal(value(await fleet.evaluate(withBuilder), "galena").cached, true);
    assert.equal(value(await fleet.evaluate({ systemBuilder: "other" }), "galena").cached, false);
    assert.equal(value(await fleet.evaluate({ ...withBuilder, system: "riscv64-linux" }), "galena").cached, false);
    const nixOptions = { "allow-import-from-derivation": "false" };
    assert.equal(value(await fleet.evaluate({ ...withBuilder, nixOptions }), "galena").cached, false);
    assert.equal(value(await fleet.evaluate({ ...withBuilder, nixOptions }), "galena").cached, true);
  });

  it("is made again when a cache entry is damaged or belongs to another question", async () => {
    await using fleet = await Fleet.make();
    const cold = await fleet.evaluate(withBuilder);
    const folder = join(fleet.cache.path, "evaluations");
    const names = await readdir(folder);
    const other = await readFile(join(folder, names[0] ?? ""), "utf8");
    const damage = ["", "{", other.replaceAll("/nix/store", "/tmp/store"), other.replace('"schema":1', '"schema":2')];
    for (const text of damage) {
      for (const name of names) await writeFile(join(folder, name), text);
      const again = await fleet.evaluate(withBuilder);
      assert.deepEqual(value(again, "pyrite"), value(cold, "pyrite"));
    }
    for (const name of names) await writeFile(join(folder, name), other);
    assert.equal([...(await fleet.evaluate(withBuilder)).values()].filter(isCached).length, 1);
  });

  it("is made again when the store no longer has the derivation", async () => {
    await using fleet = await Fleet.make();
    const cold = await fleet.evaluate(withBuilder);
    const { drvPath } = value(cold, "galena");
    await writeFile(join(fleet.cache.path, "gc-roots/x"), "");
    await removeFromStore(fleet.cache.path, drvPath);
    const again = await fleet.evaluate(withBuilder);
    assert.deepEqual(value(again, "galena"), { ...value(cold, "galena"), cached: false });
    assert.equal(value(again, "pyrite").cached, true);
    await access(drvPath);
  });

  it("does not cache what an unlocked override decides", async () => {
    await using input = await TemporaryFolder.make();
    await input.write({ "flake.nix": "{ outputs = _: { }; }\n" });
    const lock = { nodes: { root: {} }, root: "root", version: 7 };
    await using fleet = await Fleet.make({ "flake.lock": JSON.stringify(lock) });
    const overrideInputs = { other: `path:${input.path}` };
    await fleet.evaluate({ overrideInputs });
    assert.equal(value(await fleet.evaluate({ overrideInputs }), "galena").cached, false);
  });

  it("names TypeScript source, Nix file and line of a syntax error, and spares the other machines", async () => {
    const broken = `{\n  _file = "modules/machines/galena.ts";\n  text = ;\n}\n`;
    await using fleet = await Fleet.make({ "nix/entries/nixos/galena.nix": broken });
    for (const options of [{}, withBuilder]) {
      const results = await fleet.evaluate(options);
      const { facts } = reason(results, "galena");
      assert.equal(facts.summary, "galena: its configuration does not evaluate");
      assert.equal(facts.found, "syntax error, unexpected ';'");
      assert.equal(facts.at, "modules/machines/galena.ts (nix/entries/nixos/galena.nix:3)");
      assert.equal(value(results, "pyrite").cached === undefined, false);
      assert.match(value(results, "stibnite").toplevel, /stibnite$/);
    }
  });

  it("names the place of a throw, which Nix gives only in its frames", async () => {
    const broken = `{\n  _file = "modules/machines/galena.ts";\n  text = throw "galena has no root\\nfile system";\n}\n`;
    await using fleet = await Fleet.make({ "nix/entries/nixos/galena.nix": broken });
    const { facts } = reason(await fleet.evaluate(withBuilder), "galena");
    assert.deepEqual(facts, {
      summary: "galena: its configuration does not evaluate",
      expected: "a toplevel from builder",
      found: "galena has no root\nfile system",
      at: "modules/machines/galena.ts (nix/entries/nixos/galena.nix:3)",
      fix: "correct modules/machines/galena.ts",
    });
  });

  it("names the source that the message itself names, not the place that merges definitions", async () => {
    const throwing = `throw "The option \`a' has conflicting definitions:\\n- In \`modules/x.ts': 1"`;
    await using fleet = await Fleet.make({ "nix/entries/nixos/galena.nix": `{\n  text = ${throwing};\n}\n` });
    const { facts } = reason(await fleet.evaluate(withBuilder), "galena");
    assert.equal(facts.at, "modules/x.ts");
    assert.equal(facts.fix, "correct modules/x.ts");
  });

  it("asks for `fleet lock` when the flake has inputs but no lock, before any of their hosts is asked", async () => {
    const flake = `{ inputs.far.url = "https://far.invalid/x.tar.gz"; outputs = _: { }; }\n`;
    await using fleet = await Fleet.make({ "flake.nix": flake });
    await assert.rejects(fleet.evaluate(), {
      code: "FLEET_FLAKE_LOCK",
      message: `${fleet.folder.path}: the flake has no flake.lock
  expected: a flake.lock with far
  found:    no such file among those that git does not ignore
  at:       ${fleet.folder.path}/flake.lock
  fix:      fleet lock`,
    });
  });

  it("asks for `fleet lock` when the lock is older than the inputs, and for `fleet emit` without flake.nix", async () => {
    await using input = await TemporaryFolder.make();
    await input.write({ "flake.nix": "{ outputs = _: { }; }\n" });
    const flake = `{ inputs.near.url = "path:${input.path}"; outputs = _: { }; }\n`;
    const lock = { nodes: { root: {} }, root: "root", version: 7 };
    await using stale = await Fleet.make({ "flake.nix": flake, "flake.lock": JSON.stringify(lock) });
    const results = await stale.evaluate();
    for (const result of results.values()) {
      assert.equal(result.status, "rejected");
      assert.equal(
        result.reason.facts.summary,
        `${stale.folder.path}: flake.lock does not fit the inputs of flake.nix`,
      );
      assert.equal(result.reason.facts.fix, "fleet lock");
    }
    await using none = await TemporaryFolder.make();
    await none.write({ "x.ts": "" });
    const tree = await stageTree(none.path, { cacheDir: stale.cache.path }, silent, soon());
    await assert.rejects(evaluateMachines(machines, { tree, cacheDir: stale.cache.path }, silent, soon()), {
      code: "FLEET_FLAKE_LOCK",
      message: /there is no flake\.nix[\s\S]*fleet emit$/,
    });
  });

  it("stops at once when it is aborted, whatever the machines do", async () => {
    const slow = "let f = n: if n < 2 then 1 else f (n - 1) + f (n - 2); in { text = toString (f 60); }\n";
    await using fleet = await Fleet.make({
      "nix/entries/nixos/galena.nix": slow,
      "nix/entries/nixos/pyrite.nix": slow,
    });
    const abort = new AbortController();
    const why = new Error("Ctrl-C");
    const cacheDir = fleet.cache.path;
    const tree = await stageTree(fleet.folder.path, { cacheDir }, silent, soon());
    const { report } = recorder();
    const watching = (event: Parameters<typeof report>[0]): void => {
      if (event.subject === "galena") abort.abort(why); // its process is about to start
    };
    await assert.rejects(evaluateMachines(machines, { tree, cacheDir, ...withBuilder }, watching, abort.signal), why);
  });

  it("takes at most as many machines at a time as it may", async () => {
    await using fleet = await Fleet.make();
    await using shim = await TemporaryFolder.make();
    const marks = join(shim.path, "marks");
    await mkdir(marks);
    // mkdir of a name that is there fails: two evaluations at a time would leave "overlap".
    const guard = `case "$*" in *eval*) mkdir '${marks}/now' || : > '${marks}/overlap';; esac`;
    const free = `case "$*" in *eval*) rmdir '${marks}/now';; esac`;
    const { stdout } = { stdout: (await whichNix()).trim() };
    await shim.executable("bin/nix", `#!/bin/sh\n${guard}\n'${stdout}' "$@"\ncode=$?\n${free}\nexit $code\n`);
    await withPath(`${shim.path}/bin:${process.env["PATH"]}`, () => fleet.evaluate({ ...withBuilder, workers: 1 }));
    assert.deepEqual(await readdir(marks), []);
  });
});

function isCached(result: PromiseSettledResult<MachineEvaluation>): boolean {
  return result.status === "fulfilled" && result.value.cached;
}

async function whichNix(): Promise<string> {
  for (const folder of (process.env["PATH"] ?? "").split(":")) {
    const file = join(folder, "nix");
    const found = await access(file).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return assert.fail("no nix on PATH");
}

async function removeFromStore(cacheDir: string, drvPath: string): Promise<void> {
  await rm(join(cacheDir, "gc-roots/galena.drv"));
  await runNix(["store", "delete", drvPath], { signal: soon() });
}
