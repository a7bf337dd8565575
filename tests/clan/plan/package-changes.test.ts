import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { comparePackages, compareVersions, parsePackageName } from "../../../clan/plan/package-changes.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { soon } from "../../local-nix/support/fixtures.ts";

const path = (hash: string, name: string, narSize = 100) => ({
  path: `/nix/store/${hash.repeat(32)}-${name}`,
  narSize,
});

describe("the packages of two closures", () => {
  it("are added, removed, newer, older, and rebuilt with the same version", () => {
    const before = [
      path("0", "openssh-9.7p1", 1_000),
      path("0", "git-2.51.0"),
      path("0", "nano-8.2"),
      path("0", "bash-5.3"),
      path("0", "unit-sshd.service"),
      path("0", "glibc-2.40-66-bin"),
      path("0", "same-1.0"),
    ];
    const after = [
      path("1", "openssh-9.9p2", 1_200),
      path("1", "git-2.50.1"),
      path("1", "htop-3.4.1"),
      path("1", "bash-5.3"),
      path("1", "unit-sshd.service"),
      path("1", "glibc-2.40-66-bin"),
      path("0", "same-1.0"),
    ];
    assert.deepEqual(comparePackages(before, after), {
      kind: "known",
      added: [{ name: "htop", before: [], after: ["3.4.1"] }],
      removed: [{ name: "nano", before: ["8.2"], after: [] }],
      up: [{ name: "openssh", before: ["9.7p1"], after: ["9.9p2"] }],
      down: [{ name: "git", before: ["2.51.0"], after: ["2.50.1"] }],
      rebuilt: 3,
      sizeBytes: { before: 1_600, after: 1_800 },
    });
  });

  it("may hold one package in several versions", () => {
    const { up, down } = comparePackages(
      [path("0", "openssl-1.1.1w"), path("0", "openssl-3.0.16")],
      [path("1", "openssl-3.0.17")],
    );
    assert.deepEqual([up, down], [[{ name: "openssl", before: ["1.1.1w", "3.0.16"], after: ["3.0.17"] }], []]);
  });

  it("do not differ from themselves", () => {
    const closure = fc.array(fc.tuple(fc.constantFrom("0", "1"), fc.constantFrom("a-1", "a-2", "b", "c-1.2-dev")));
    fc.assert(
      fc.property(closure, (pairs) => {
        const paths = pairs.map(([hash, name]) => path(hash, name));
        const { added, removed, up, down, rebuilt } = comparePackages(paths, [...paths].reverse());
        assert.deepEqual([added, removed, up, down, rebuilt], [[], [], [], [], 0]);
      }),
    );
  });

  const word = fc.stringMatching(/^[a-z0-9.+-]{1,12}$/);
  it("have their names and versions as Nix reads them, an output's name apart", async function () {
    this.timeout(60_000);
    const names = fc
      .sample(word, 200)
      .map((text) => `x${text}`)
      .filter((text) => parsePackageName(`${text}`).name.length > 0);
    const fixed = ["nixos-system-galena-26.05", "unit-heartbeat.service", "python3-3.13.7", "linux-6.12.8", "a-b-c"];
    const texts = [...fixed, ...names].filter((text) => !/-[a-z]+[0-9]?$/.test(text) || fixed.includes(text));
    const said: unknown = JSON.parse(
      await runNix(
        ["eval", "--json", "--expr", `map builtins.parseDrvName (builtins.fromJSON ''${JSON.stringify(texts)}'')`],
        { signal: soon() },
      ),
    );
    assert.deepEqual(texts.map(parsePackageName), said);
  });

  it("have versions in Nix' order", async function () {
    this.timeout(60_000);
    const version = fc.stringMatching(/^(?:[0-9]{1,3}|pre|rc|a|b|\.|-){0,6}$/);
    const pairs = fc.sample(fc.tuple(version, version), 500);
    const text = `map (p: builtins.compareVersions (builtins.elemAt p 0) (builtins.elemAt p 1)) (builtins.fromJSON ''${JSON.stringify(pairs)}'')`;
    const said: unknown = JSON.parse(await runNix(["eval", "--json", "--expr", text], { signal: soon() }));
    assert.deepEqual(
      pairs.map(([a, b]) => Math.sign(compareVersions(a, b))),
      said,
    );
  });
});
