import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, it } from "mocha";
import { linkProfiles } from "../../bench/link/link-profile.ts";
import { watchTree } from "../../bench/measure/process-tree.ts";
import { interleave, median } from "../../bench/measure/statistics.ts";
import { missingBytes, planTrials, pushSets } from "../../bench/push/plan.ts";
import { figuresOf, renderFigures } from "../../bench/push/render-results.ts";
import { mixedClosures, quickSizes, smallClosure, wholeSizes } from "../../bench/synthetic/closures.ts";
import { syntheticContents } from "../../bench/synthetic/contents.ts";
import { exportStream } from "../../bench/synthetic/export-stream.ts";

describe("synthetic closures", () => {
  it("have references to earlier paths only, and a toplevel that leads to all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const { paths, toplevel } = smallClosure(count);
        const seen = new Set<string>();
        for (const { path, references } of paths) {
          assert.ok(references.every((reference) => seen.has(reference)));
          seen.add(path);
        }
        assert.equal(seen.size, count + 1);
        assert.equal(paths.at(-1)?.path, toplevel);
      }),
      { numRuns: 20 },
    );
  });

  it("are the same every time, and share what a label shares", () => {
    assert.deepEqual(smallClosure(50), smallClosure(50));
    const { before, after } = mixedClosures(quickSizes);
    const there = new Set(before.paths.map(({ path }) => path));
    assert.equal(after.paths.filter(({ path }) => there.has(path)).length, quickSizes.present);
  });

  it("compress as a system does, to between 0.4 and 0.5", () => {
    const contents = syntheticContents(2_000_000, 5);
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    const ratio = zstdCompressSync(contents, { params }).length / contents.length;
    assert.ok(ratio > 0.4 && ratio < 0.5, String(ratio));
  });

  it("are written in steps of eight bytes, as Nix reads them", () => {
    const stream = Buffer.concat([...exportStream(smallClosure(5).paths)]);
    assert.equal(stream.length % 8, 0);
    assert.equal(stream.indexOf("nix-archive-1"), 16);
  });
});

describe("plan of the push benchmark", () => {
  const sets = pushSets(wholeSizes);

  it("measures ssh:// with the whole sets on the direct link only", () => {
    const ssh = planTrials(linkProfiles, sets).filter(({ way }) => way === "ssh");
    assert.deepEqual(
      ssh.map(({ link, set }) => `${link.name}: ${set.name}`),
      [
        ...["direct: small", "direct: large", "direct: mixed", "direct: no-op"],
        ...["50 ms, 1 Gbit/s: no-op", "50 ms, 1 Gbit/s: subset"],
        ...["20 ms, 100 Mbit/s: no-op", "20 ms, 100 Mbit/s: subset"],
      ],
    );
  });

  it("measures the narrow link with what differences are for, and nothing else: large sets take minutes there", () => {
    const narrow = planTrials(linkProfiles, sets).filter(({ link }) => link.name === "30 ms, 20 Mbit/s");
    assert.deepEqual(
      narrow.map(({ set, way }) => `${set.name}: ${way}`),
      ["rebuilt: ours", "rebuilt: ours-full", "rebuilt: ssh-ng"],
    );
  });

  it("has the sizes that the goals are stated for", () => {
    const size = (name: string): number =>
      Math.round(sets.filter((set) => set.name === name).map(missingBytes)[0] ?? -1);
    assert.equal(size("large"), 379_000_500);
    assert.equal(size("no-op"), 0);
  });

  it("has a rebuilt set of which no path is there, and each is named like one that is", () => {
    const { closure, before } = sets.find(({ name }) => name === "rebuilt") ?? assert.fail("no rebuilt set");
    const names = (paths: typeof closure.paths): string[] => paths.map(({ path }) => path.slice(44));
    assert.deepEqual(names(before?.paths ?? []).slice(0, -1), names(closure.paths).slice(0, -1));
    const old = new Set(before?.paths.map(({ path }) => path));
    assert.ok(closure.paths.every(({ path }) => !old.has(path)));
  });

  it("lets every way go first once", () => {
    assert.deepEqual(interleave(["a", "b", "c"], 3), ["a", "b", "c", "b", "c", "a", "c", "a", "b"]);
  });
});

describe("figures", () => {
  it("are medians, and ratios of them", () => {
    assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
    assert.throws(() => median([]), RangeError);
    const [link] = linkProfiles;
    const [set] = pushSets(quickSizes);
    assert.ok(link !== undefined && set !== undefined);
    const sample = (seconds: number) => ({ seconds, cpuSeconds: 0.5, hostCpuSeconds: 1.25, peakRssBytes: 50e6 });
    const figures = figuresOf([
      { link, set, way: "ours", samples: [1, 3, 2].map(sample) },
      { link, set, way: "ssh-ng", samples: [6, 4, 5].map(sample) },
    ]);
    assert.deepEqual(
      figures.map(({ way, seconds, ratios }) => [way, seconds, ratios]),
      [
        ["ours", 2, { "ssh-ng": 2.5 }],
        ["ssh-ng", 5, {}],
      ],
    );
    const row = "| small: 401 paths of a few kB, 2 MB | ours | 2.00 (1.00) | 2.50× |  | 0.50 | 1.25 | 50 |  |  |";
    assert.ok(renderFigures(figures).split("\n").includes(row), renderFigures(figures));
  });

  it("count the time of a process and of its ended children", async function () {
    if (process.platform !== "linux") return this.skip();
    // The shell stays until it is told: what it has used is read while it is there.
    const busy = "while (process.cpuUsage().user < 300_000);";
    const script = `"$0" -e '${busy}'; echo done; read -r _`;
    const child = spawn("sh", ["-c", script, process.execPath], { stdio: ["pipe", "pipe", "inherit"] });
    const usage = watchTree(child.pid ?? 0);
    await once(child.stdout, "data");
    const { cpuSeconds, peakRssBytes } = await usage.stop();
    child.stdin.end();
    await once(child, "close");
    assert.ok(cpuSeconds >= 0.25, `${cpuSeconds} s`);
    assert.ok(peakRssBytes > 20e6, `${peakRssBytes} bytes`);
  });
});
