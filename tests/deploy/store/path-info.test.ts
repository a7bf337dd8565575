import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import fc from "fast-check";
import { describe, it } from "mocha";
import { orderByReferences, parsePathInfos, readClosure } from "../../../deploy/store/path-info.ts";
import { slowNix, TemporaryFolder, withPath } from "../../local-nix/support/temporary-folder.ts";
import { graphs, info } from "./support/paths.ts";

describe("path infos", () => {
  it("are read from Nix 2.26's answer", async () => {
    const [a, b] = [info("a", []), info("b", ["a"])];
    const text = JSON.stringify({
      [b.path]: {
        ca: "fixed:r:sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
        deriver: a.path,
        narHash: "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        narSize: 120,
        references: [a.path],
        registrationTime: 1_790_000_000,
        signatures: ["cache.example-1:c2ln"],
        ultimate: true,
      },
    });
    assert.deepEqual(await parsePathInfos(text), [
      {
        path: b.path,
        narHash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        narSize: 120,
        references: [a.path],
        deriver: a.path,
        registrationTime: 1_790_000_000,
        signatures: ["cache.example-1:c2ln"],
        contentAddress: "fixed:r:sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
      },
    ]);
    await assert.rejects(parsePathInfos(JSON.stringify({ [b.path]: null })), /invalid/i);
  });

  it("are held once by all who read them, while the store says the same of the path, and anew when it does not", async () => {
    const { path } = info("x1", []);
    const whole = {
      narHash: `sha256-${"A".repeat(43)}=`,
      narSize: 120,
      references: [path],
      registrationTime: 1,
      signatures: ["cache.example-1:c2ln"],
      deriver: path,
      ca: "text:sha256:x",
    };
    const read = async (change: Partial<typeof whole>) =>
      (await parsePathInfos(JSON.stringify({ [path]: { ...whole, ...change } })))[0];
    const first = await read({});
    assert.equal(await read({}), first);
    const changes: readonly Partial<typeof whole>[] = [
      { narHash: `sha256-${"B".repeat(43)}=` },
      { narSize: 121 },
      { references: [] },
      { registrationTime: 2 },
      { signatures: ["cache.example-2:c2ln"] },
      { deriver: info("x2", []).path },
      { ca: "text:sha256:y" },
    ];
    for (const change of changes) {
      const other = await read(change);
      assert.notDeepEqual(other, first, JSON.stringify(change));
      assert.equal(await read(change), other);
      await read({});
    }
  });

  it("let others through while a large answer is read", async () => {
    const narHash = `sha256-${"A".repeat(43)}=`;
    const one = { narHash, narSize: 120, references: [] };
    const text = JSON.stringify(Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [info(i, []).path, one])));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      counted = setImmediate(count);
    };
    let counted = setImmediate(count);
    assert.equal((await parsePathInfos(text)).length, 1_000);
    clearImmediate(counted);
    assert.ok(turns >= 4, `${turns} turns`);
  });

  it("are read from the store a few closures at a time, however many hosts are pushed to", async () => {
    await using folder = await TemporaryFolder.make();
    const { path } = info("x2", []);
    const answer = { narHash: `sha256-${"A".repeat(43)}=`, narSize: 120, references: [] };
    const nix = await slowNix(folder, JSON.stringify({ [path]: answer }));
    const read = () => readClosure([path], AbortSignal.timeout(30_000));
    const closures = await withPath(nix.path, () => Promise.all(Array.from({ length: 12 }, read)));
    assert.equal(new Set(closures.flat()).size, 1);
    assert.ok((await nix.mostAtOnce()) <= Math.max(4, 2 * availableParallelism()));
  });

  it("come after their references, each once", () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (paths, random) => {
        const shuffled = [...paths].sort(() => (random.next().value ?? 0) - 0.5);
        const ordered = orderByReferences(shuffled);
        assert.deepEqual(new Set(ordered), new Set(paths));
        assert.equal(ordered.length, paths.length);
        const seen = new Set<string>();
        for (const { path, references } of ordered) {
          assert.ok(references.every((reference) => reference === path || seen.has(reference)));
          seen.add(path);
        }
      }),
    );
  });

  it("may refer to themselves and to what is not in the list, but not in a circle", () => {
    const self = info("a", ["a", "z"]);
    assert.deepEqual(orderByReferences([self]), [self]);
    assert.throws(() => orderByReferences([info("a", ["b"]), info("b", ["a"])]), /in a circle/);
  });

  it("may be a chain longer than the language's stack", () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => info(index, index === 0 ? [] : [index - 1]));
    assert.deepEqual(orderByReferences(chain.toReversed()), chain);
  });
});
