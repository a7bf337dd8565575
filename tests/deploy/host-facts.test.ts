import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { parseJournal } from "../../deploy/activation/read-journal.ts";
import { collectFacts, hostFactsSchema } from "../../deploy/host-facts.ts";
import { old, transaction } from "./support/facts.ts";

const lines = (changes: Readonly<Record<string, string | readonly string[]>> = {}): string =>
  Object.entries({
    "login.uid": "1000",
    uid: "0",
    hostname: "galena",
    kernel: "Linux",
    arch: "x86_64",
    marker: "nixos",
    "boot-id": "934c8da5-13e0-4ccf-a9e1-d8a0bd6659fe",
    current: old,
    bootable: "yes",
    booted: old,
    profile: old,
    generation: "system-42-link",
    "tool.nix-store": "/usr/bin/nix-store",
    "tool.nix-env": "/usr/bin/nix-env",
    "tool.nix-daemon": "",
    "free.nix": "1048544",
    "free.boot": "65528",
    "boot.kind": "systemd-boot",
    "boot.entry": "nixos-generation-42.conf",
    "boot.init": `${old}/init`,
    "boot.files": "yes",
    "unit.active": ["sshd.service", "dev-disk-by\\x2duuid.mount"],
    end: "1795440411",
    ...changes,
  })
    .flatMap(([key, value]) => (typeof value === "string" ? [value] : value).map((one) => `${key}\t${one}`))
    .join("\n");
const read = (text: string) => hostFactsSchema.parse(collectFacts(text, "nixos"));

describe("what a host says about itself", () => {
  it("is read whole", () => {
    const facts = read(lines());
    assert.deepEqual([facts.class, facts.system, facts.uid, facts.loginUid], ["nixos", "x86_64-linux", 0, 1000]);
    assert.deepEqual([facts.current, facts.profile, facts.generation, facts.boot.toplevel], [old, old, 42, old]);
    assert.deepEqual(facts.activeUnits, ["sshd.service", "dev-disk-by\\x2duuid.mount"]);
    assert.deepEqual(facts.tools, { nixStore: "/usr/bin/nix-store", nixEnv: "/usr/bin/nix-env", nixDaemon: undefined });
  });

  it("has no program where a path is none that could be run as it stands", () => {
    const tools = (path: string) =>
      read(lines({ "tool.nix-store": path, "tool.nix-env": "/opt/nix-2.26+x/bin/nix-env" })).tools;
    for (const path of ["nix-store", "/bin/x; reboot", "/a b/nix-store", `/${"a".repeat(500)}`])
      assert.deepEqual(tools(path), {
        nixStore: undefined,
        nixEnv: "/opt/nix-2.26+x/bin/nix-env",
        nixDaemon: undefined,
      });
  });

  it("is a Mac by its kernel, and by its markers where the kernel is another's", () => {
    assert.deepEqual(
      [read(lines({ kernel: "Darwin", arch: "arm64" })).class, read(lines({ kernel: "Darwin", arch: "arm64" })).system],
      ["darwin", "aarch64-darwin"],
    );
    assert.equal(read(lines({ marker: "darwin" })).class, "darwin");
    assert.equal(read(lines({ marker: ["darwin", "nixos"] })).class, "nixos");
    assert.equal(read(lines({ marker: [] })).class, "other");
  });

  it("has no system where a link leads elsewhere than into the store", () => {
    const facts = read(
      lines({ current: "/etc/passwd", profile: "", generation: "system-x-link", "boot.init": "/sbin/init" }),
    );
    assert.deepEqual([facts.current, facts.profile, facts.generation, facts.boot.toplevel], [null, null, null, null]);
  });

  it("takes files that another version wrote for unreadable, never for absent", () => {
    const open = transaction();
    assert.deepEqual(read(lines({ transaction: JSON.stringify(open) })).transaction, open);
    for (const text of ["{", "[]", JSON.stringify({ ...open, schema: 2 })]) {
      assert.equal(read(lines({ transaction: text, owner: text })).transaction, "unreadable");
      assert.equal(read(lines({ owner: text })).owner, "unreadable");
    }
  });

  it("names jobs with state and code", () => {
    const jobs = ["00000000000000bb-test-1 done 4", "00000000000000bb-commit-12 running"];
    assert.deepEqual(read(lines({ job: jobs })).jobs, [
      { id: "00000000000000bb-test-1", state: "done", code: 4 },
      { id: "00000000000000bb-commit-12", state: "running" },
    ]);
  });

  it("is not made unreadable by a folder of somebody else's among the jobs", () => {
    const job = ["lost+found starting", "00000000000000bb-test-1 lost", "00000000000000bb-test-1 copy lost"];
    assert.deepEqual(read(lines({ job })).jobs, [{ id: "00000000000000bb-test-1", state: "lost" }]);
  });

  it("is refused or understood, but never crashes us, whatever it is", () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom(
            "uid",
            "current",
            "unit.failed",
            "transaction",
            "owner",
            "job",
            "generation",
            "free.nix",
            "__proto__",
            "end",
          ),
          fc.string(),
        )
        .map((pair) => pair.join("\t")),
    );
    fc.assert(
      fc.property(fc.array(line), (extra) => {
        hostFactsSchema.safeParse(collectFacts(extra.join("\n"), "nixos"));
        const parsed = hostFactsSchema.safeParse(collectFacts(`${extra.join("\n")}\n${lines()}`, "nixos"));
        if (parsed.success) for (const unit of parsed.data.failedUnits) assert.match(unit, /^[A-Za-z0-9:_.\\@-]+$/);
      }),
    );
  });
});

describe("journal lines of failed units", () => {
  it("are the last ten of each, cut to size", () => {
    const text = [...Array.from({ length: 12 }, (_, line) => `db.service\tline ${line}`), "other.service\tx", ""].join(
      "\n",
    );
    const [db, web] = parseJournal(["db.service", "web.service"], text);
    assert.deepEqual([db?.journal.length, db?.journal[0], db?.journal.at(-1)], [10, "line 2", "line 11"]);
    assert.deepEqual(web, { unit: "web.service", journal: [] });
  });
});
