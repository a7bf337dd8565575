import assert from "node:assert/strict";
import { access, mkdir, readFile, readlink, symlink, watch } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { type BuildRequest, buildArgs, buildToplevel } from "../../local-nix/build.ts";
import { BuildProgress } from "../../local-nix/build-progress.ts";
import { NixBuildError } from "../../local-nix/errors.ts";
import { evaluateMachines } from "../../local-nix/machine-evaluation.ts";
import { stageTree } from "../../local-nix/staged-tree.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { fleetFiles, machines, recorder, silent, soon } from "./support/fixtures.ts";
import { slowNix, TemporaryFolder, withPath } from "./support/temporary-folder.ts";

async function requests(
  folder: TemporaryFolder,
  cacheDir: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<BuildRequest[]> {
  await folder.write(fleetFiles(changes));
  const tree = await stageTree(folder.path, { cacheDir }, silent, soon());
  const results = await evaluateMachines(machines, { tree, cacheDir, systemBuilder: "builder" }, silent, soon());
  return [...results].map(([machine, result]) => {
    assert.equal(result.status, "fulfilled");
    const { drvPath, toplevel } = result.value;
    return { machine, drvPath, toplevel, where: { kind: "local" }, cacheDir };
  });
}

describe("build of a toplevel", () => {
  it("gives the announced store path, with a root and with progress; several at a time", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const wanted = await requests(fleet, cache.path);
    const { events, report } = recorder();
    const built = await Promise.all(wanted.map((request) => buildToplevel(request, report, soon())));
    assert.deepEqual(
      built,
      wanted.map(({ toplevel }) => toplevel),
    );
    const [galena] = built;
    assert.ok(galena !== undefined);
    assert.match(await readFile(galena, "utf8"), /^galena /);
    assert.equal(await readlink(join(cache.path, "gc-roots/galena")), galena);
    const progress = events.filter((event) => event.subject === "galena" && event.progress !== undefined);
    assert.deepEqual(progress.at(-1), {
      level: "info",
      subject: "galena",
      phase: "build",
      message: "building derivations",
      progress: { done: 1, total: 1, unit: "paths" },
    });
    // Found built: nothing is done and nothing is told.
    const again = recorder();
    assert.ok(wanted[0] !== undefined);
    assert.equal(await buildToplevel(wanted[0], again.report, soon()), galena);
    assert.deepEqual(again.events, []);
  });

  it("lets go of the machine's former system once the next one is built", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const [first] = await requests(fleet, cache.path);
    assert.ok(first !== undefined);
    const old = await buildToplevel(first, silent, soon());
    const [second] = await requests(fleet, cache.path);
    assert.ok(second !== undefined);
    const current = await buildToplevel(second, silent, soon());
    assert.notEqual(current, old);
    assert.equal(await readlink(join(cache.path, "gc-roots/galena")), current);
  });

  it("keeps the systems of two scopes apart: one machine's name in another stack lets go of nothing", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const [first] = await requests(fleet, cache.path);
    const [second] = await requests(fleet, cache.path);
    assert.ok(first !== undefined && second !== undefined);
    await mkdir(join(cache.path, "gc-roots"), { recursive: true });
    await symlink(first.toplevel, join(cache.path, "gc-roots/galena")); // of a version that knew no scopes
    await symlink(first.toplevel, join(cache.path, "gc-roots/scheelite"));
    const core = await buildToplevel({ ...first, rootScope: ["fleet", "core"] }, silent, soon());
    await assert.rejects(access(join(cache.path, "gc-roots/galena")));
    assert.equal(await readlink(join(cache.path, "gc-roots/scheelite")), first.toplevel, "of this machine alone");
    const burst = await buildToplevel({ ...second, rootScope: ["fleet", "../burst"] }, silent, soon());
    assert.equal(await readlink(join(cache.path, "gc-roots/fleet@core/galena")), core);
    assert.equal(await readlink(join(cache.path, "gc-roots/fleet@..%2Fburst/galena")), burst);
  });

  it("says which derivation failed and how its log ends", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const script = `i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; done; echo cannot link >&2; exit 7`;
    const failing = `{ script = ${JSON.stringify(script).replaceAll("$(", "\\$(")}; }\n`;
    const [request] = await requests(fleet, cache.path, { "nix/entries/nixos/galena.nix": failing });
    assert.ok(request !== undefined);
    await assert.rejects(buildToplevel(request, silent, soon()), (error: unknown) => {
      assert.ok(error instanceof NixBuildError);
      const log = Array.from({ length: 24 }, (_, index) => `line ${index + 17}`);
      assert.equal(error.facts.summary, "galena: its system does not build");
      assert.equal(error.facts.at, request.drvPath);
      assert.equal(error.facts.fix, `correct it; for the whole log: nix log ${request.drvPath}`);
      const [first, ...rest] = error.facts.found.split("\n");
      assert.match(first ?? "", /exit code 7/);
      assert.deepEqual(rest, ["the end of its log:", ...log, "cannot link"]);
      return true;
    });
    await assert.rejects(access(join(cache.path, "gc-roots/galena")));
  });

  it("names the dependency that failed, not the toplevel that waits for it", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const needs = `{ text = derivation { name = "part"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo part broken; exit 1" ]; }; }\n`;
    const [request] = await requests(fleet, cache.path, { "nix/entries/nixos/galena.nix": needs });
    assert.ok(request !== undefined);
    await assert.rejects(buildToplevel(request, silent, soon()), (error: unknown) => {
      assert.ok(error instanceof NixBuildError);
      assert.match(error.facts.at, /-part\.drv$/);
      assert.match(error.facts.found, /part broken$/);
      return true;
    });
  });

  it("fails for a derivation that the store does not have", async () => {
    await using cache = await TemporaryFolder.make();
    const hash = "0".repeat(32);
    const request: BuildRequest = {
      machine: "galena",
      drvPath: `/nix/store/${hash}-x.drv`,
      toplevel: parseStorePath(`/nix/store/${hash}-x`),
      where: { kind: "local" },
      cacheDir: cache.path,
    };
    await assert.rejects(buildToplevel(request, silent, soon()), { code: "FLEET_NIX_BUILD" });
  });

  it("stops Nix and its builder when it is aborted", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    const pid = join(cache.path, "pid");
    const script = `echo $$ > ${pid}; echo started; while :; do :; done`;
    const endless = `{ script = ${JSON.stringify(script)}; }\n`;
    const [request] = await requests(fleet, cache.path, { "nix/entries/nixos/galena.nix": endless });
    assert.ok(request !== undefined);
    const abort = new AbortController();
    const why = new Error("Ctrl-C");
    const building = buildToplevel(request, silent, abort.signal);
    const text = await firstText(pid);
    abort.abort(why);
    await assert.rejects(building, why);
    await assert.rejects(access(`/proc/${text.trim()}`), "the builder still runs");
  });
});

describe("a build's command", () => {
  const path = "/nix/store/dr3ar3yansrcbm9qqr4w11vpyxzpzpxf-x";
  const base = { machine: "galena", drvPath: `${path}.drv`, toplevel: parseStorePath(path) };

  it("keeps a local result by a link", () => {
    assert.deepEqual(buildArgs({ ...base, where: { kind: "local" }, nixOptions: { cores: "2" } }, "/c/galena"), [
      "build",
      "--print-out-paths",
      "--log-format",
      "internal-json",
      "--out-link",
      "/c/galena",
      "--option",
      "cores",
      "2",
      `${path}.drv^out`,
    ]);
  });

  it("builds in the target's store what was evaluated here", () => {
    const where = { kind: "target", storeUri: "ssh-ng://root@h", sshOptions: "-p 22" } as const;
    assert.deepEqual(buildArgs({ ...base, where }, "/c/galena").slice(4), [
      "--no-link",
      "--eval-store",
      "auto",
      "--store",
      "ssh-ng://root@h",
      `${path}.drv^out`,
    ]);
  });

  it("reaches the target with the ssh options it was given", async () => {
    await using fleet = await TemporaryFolder.make();
    await using cache = await TemporaryFolder.make();
    await using shim = await TemporaryFolder.make();
    const [request] = await requests(fleet, cache.path);
    assert.ok(request !== undefined);
    // A host that is this one: whatever ssh is asked, the daemon's protocol answers. Nix first asks for a running master
    // connection, then waits for the line that ssh's LocalCommand writes once it is connected.
    const log = join(shim.path, "log");
    const ssh = `#!/bin/sh
printf '%s\\n' "$*" >> '${log}'
[ "$1" != -O ] || exit 255
while [ "$1" != nix-daemon ]; do shift; done
echo started
exec "$@"
`;
    await shim.executable("ssh", ssh);
    const where = { kind: "target", storeUri: "ssh-ng://root@198.51.100.11", sshOptions: "-p 2222 -i /key" } as const;
    const path = `${shim.path}:${process.env["PATH"]}`;
    const built = await withPath(path, () => buildToplevel({ ...request, where }, silent, soon()));
    assert.equal(built, request.toplevel);
    assert.match(await readFile(built, "utf8"), /^galena /);
    assert.match(await readFile(log, "utf8"), /root@198\.51\.100\.11 .*-p 2222 -i \/key .*nix-daemon --stdio/);
    await assert.rejects(access(join(cache.path, "gc-roots/galena")), "what the target has needs no root here");
  });
});

describe("builds of a large fleet", function () {
  this.timeout(60_000);

  it("wait for their turn: at most sixteen of them have a Nix of their own", async () => {
    await using folder = await TemporaryFolder.make();
    const toplevel = parseStorePath(`/nix/store/${"0".repeat(32)}-nixos-system-galena`);
    const nix = await slowNix(folder, toplevel);
    const build = (index: number): Promise<string> =>
      buildToplevel(
        {
          machine: `galena-${index}`,
          drvPath: `${toplevel}.drv`,
          toplevel,
          where: { kind: "local" },
          cacheDir: folder.path,
        },
        silent,
        soon(),
      );
    const built = await withPath(nix.path, () => Promise.all(Array.from({ length: 40 }, (_, index) => build(index))));
    assert.ok(built.every((path) => path === toplevel));
    assert.ok((await nix.mostAtOnce()) <= 16);
  });
});

describe("a build's progress", () => {
  it("adds up downloads and tells whole percents only", () => {
    const { events, report } = recorder();
    const progress = new BuildProgress("galena", report);
    progress.observe({ kind: "expected-download", bytes: 1000 });
    progress.observe({ kind: "download-started", activity: 1, url: "a" });
    progress.observe({ kind: "download-started", activity: 2, url: "b" });
    for (const done of [1, 5, 9, 14, 600]) progress.observe({ kind: "progress", activity: 1, done, expected: 600 });
    progress.observe({ kind: "progress", activity: 2, done: 400, expected: 400 });
    assert.deepEqual(
      events.map((event) => event.progress?.done),
      [0, 10, 600, 1000],
    );
  });
});

/** Waits for the builder: its file says that it runs. */
async function firstText(file: string): Promise<string> {
  const watching = watch(join(file, ".."), { signal: soon() });
  const read = async (): Promise<string> => readFile(file, "utf8").catch(() => "");
  const now = await read();
  if (now.endsWith("\n")) return now;
  for await (const _ of watching) {
    const text = await read();
    if (text.endsWith("\n")) return text;
  }
  return assert.fail("never started");
}
