import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Readiness } from "../../../deploy/observation/readiness.ts";
import type { Diagnosis } from "../../../stack/doctor/diagnosis.ts";
import { judgeHost } from "../../../stack/doctor/judge-host.ts";
import { hostFacts } from "../../deploy/support/facts.ts";

const GiB = 1024 * 1024;
const roomy = { nix: 20 * GiB, boot: GiB };
const healthy: Readiness = {
  facts: hostFacts({ freeKib: roomy }),
  tools: {
    nix: "nix-store (Nix) 2.28.3",
    zstd: true,
    systemd: "systemd 257",
    login: "root",
    root: true,
    trusted: true,
  },
  clockAheadSeconds: 0,
};

function judge(changes: Partial<Readiness>): readonly Diagnosis[] {
  return judgeHost({ ...healthy, ...changes }, { machine: "galena", class: "nixos" });
}

/** `check level` of everything that is not fine. */
function complaints(changes: Partial<Readiness>): readonly string[] {
  return judge(changes).flatMap(({ check, level }) => (level === "ok" ? [] : [`${check} ${level}`]));
}

const tools = (changes: Partial<Readiness["tools"]>) => ({ tools: { ...healthy.tools, ...changes } });
const facts = (changes: Parameters<typeof hostFacts>[0]) => ({ facts: hostFacts({ freeKib: roomy, ...changes }) });

describe("what a host lacks", () => {
  it("is nothing where everything is there, and each thing is said", () => {
    assert.deepEqual(complaints({}), []);
    const checks = judge({}).map(({ check }) => check);
    assert.deepEqual(checks, ["class", "root", "nix", "zstd", "space", "boot", "clock", "state"]);
  });

  it("is an error where nothing can be deployed", () => {
    assert.deepEqual(complaints(facts({ class: "darwin" })), ["class error"]);
    assert.deepEqual(complaints(tools({ login: "ops", root: false })), ["root error"]);
    assert.deepEqual(complaints(tools({ nix: null })), ["nix error"]);
    assert.deepEqual(complaints(facts({ freeKib: { nix: 1000, boot: GiB } })), ["space error"]);
    const boot = hostFacts().boot;
    assert.deepEqual(complaints(facts({ boot: { ...boot, mounted: false } })), ["boot error"]);
    assert.deepEqual(complaints(facts({ boot: { ...boot, filesPresent: false } })), ["boot error"]);
  });

  it("is a warning where it works, but not well", () => {
    assert.deepEqual(complaints(tools({ zstd: false })), ["zstd warning"]);
    assert.deepEqual(complaints(facts({ freeKib: { nix: GiB, boot: GiB } })), ["space warning"]);
    assert.deepEqual(complaints(facts({ freeKib: { nix: 20 * GiB, boot: 1000 } })), ["boot warning"]);
    assert.deepEqual(complaints({ clockAheadSeconds: -3600 }), ["clock warning"]);
    assert.deepEqual(complaints(facts({ failedUnits: ["a.service"] })), ["units warning"]);
    assert.deepEqual(complaints(facts({ leftovers: ["a.service"] })), ["deployment warning"]);
  });

  it("says of a loader whose entries have no names what it starts", () => {
    const { boot } = hostFacts();
    const grub = judge(facts({ boot: { ...boot, kind: "grub", entry: null } })).find(({ check }) => check === "boot");
    assert.match(grub?.found ?? "", /^grub, starts \w{7}-nixos-system-/);
  });

  it("is not asked of the boot of a container, nor of the space that a host does not tell", () => {
    assert.deepEqual(complaints(facts({ bootable: false, freeKib: { nix: null, boot: 10 } })), []);
  });

  it("counts whom Nix trusts only for who cannot become root", () => {
    const untrusted = { trusted: false, login: "ops" };
    assert.deepEqual(complaints(tools(untrusted)), []);
    assert.deepEqual(complaints(tools({ ...untrusted, root: false })), ["root error", "trust warning"]);
  });

  it("always says what to do", () => {
    const worst = {
      ...facts({ class: "other", freeKib: { nix: 0, boot: 0 } }),
      clockAheadSeconds: 99,
      ...tools({ nix: null }),
    };
    for (const { level, fix, check } of judge(worst)) assert.equal(fix === null, level === "ok", check);
  });
});
