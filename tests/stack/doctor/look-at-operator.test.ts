import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "mocha";
import type { Diagnosis } from "../../../stack/doctor/diagnosis.ts";
import { diagnoseOperator, type OperatorNeeds } from "../../../stack/doctor/look-at-operator.ts";
import { isAtLeast } from "../../../stack/doctor/programs.ts";
import { patience } from "../../deploy/support/signals.ts";
import { TemporaryFolder, withPath } from "../../local-nix/support/temporary-folder.ts";

const needs: OperatorNeeds = { secrets: false, programs: [] };

/** Looks with nothing on PATH but these programs, each a line of sh, and what the test's own Nix brings. */
async function look(programs: Readonly<Record<string, string>>, wanted: OperatorNeeds = needs) {
  await using folder = await TemporaryFolder.make();
  for (const [name, line] of Object.entries(programs)) await folder.executable(name, `#!/bin/sh\n${line}\n`);
  const path = [folder.path, nixFolder()].join(delimiter);
  const found = await withPath(path, () => diagnoseOperator(wanted, patience()));
  return (check: string): Diagnosis => found.find((one) => one.check === check) ?? assert.fail(`no ${check}`);
}

function nixFolder(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.find((folder) => existsSync(join(folder, "nix"))) ?? assert.fail("no nix on PATH");
}

describe("what the operator's machine lacks", () => {
  it("is what is not on PATH, too old, or fails, each with the fix", async () => {
    const zstd = "echo '*** zstd command line interface 64-bits v1.4.4, by Yann Collet ***'";
    const of = await look({
      zstd,
      pulumi: "echo v3.9.0",
      ssh: "echo 'OpenSSH_9.9p1' >&2",
      git: "echo broken >&2; exit 1",
    });
    assert.deepEqual([of("pulumi").level, of("pulumi").found], ["warning", "v3.9.0"]);
    assert.match(of("pulumi").fix ?? "", /3\.250/);
    assert.deepEqual([of("ssh").level, of("ssh").found], ["ok", "OpenSSH_9.9p1"]);
    assert.deepEqual([of("git").level, of("git").found], ["error", "broken"]);
    assert.deepEqual([of("zstd").level, /1\.4\.5 or later/.test(of("zstd").fix ?? "")], ["warning", true]);
    assert.deepEqual([of("nix").level, of("node").level], ["ok", "ok"]);
    const newer = await look({ zstd: "echo '*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***'" });
    assert.deepEqual([newer("zstd").level, newer("zstd").found], ["ok", "v1.5.4"]);
    const bare = await look({});
    assert.deepEqual([bare("pulumi").level, bare("git").level], ["error", "error"]);
    assert.deepEqual([bare("zstd").level, bare("zstd").found], ["warning", "not on PATH"]);
  });

  it("is the state's backend, named without its credentials", async () => {
    const project = { ...needs, project: "/" };
    const whoami = (url: string) => `case $1 in version) echo v3.250.0 ;; *) echo '{"url":"${url}"}' ;; esac`;
    const of = await look({ pulumi: whoami("s3://me:hunter2@bucket?accessKey=x") }, project);
    assert.deepEqual([of("state").level, of("state").found], ["ok", "s3://bucket"]);
    const locked = "case $1 in version) echo v3.250.0 ;; *) echo 'error: no login' >&2; exit 1 ;; esac";
    const out = await look({ pulumi: locked }, project);
    assert.deepEqual([out("state").level, /no login/.test(out("state").found)], ["warning", true]);
  });

  it("is a program that the stack names", async () => {
    const programs = [{ file: "nixos-anywhere", why: "the stack installs machines with it" }];
    const of = await look({}, { ...needs, programs });
    assert.deepEqual([of("nixos-anywhere").level, of("nixos-anywhere").found], ["error", "not there, or not on PATH"]);
  });
});

describe("a version", () => {
  it("is compared by its first two numbers", () => {
    assert.equal(isAtLeast("v3.250.0", [3, 250]), true);
    assert.equal(isAtLeast("pulumi 4.0.1-alpha", [3, 250]), true);
    assert.equal(isAtLeast("3.99.9", [3, 250]), false);
    assert.equal(isAtLeast("none", [1, 0]), false);
  });
});
