import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type MachinePlan, type Plan, planSchema } from "../../../clan/plan/machine-plan.ts";
import { renderPlanMarkdown } from "../../../clan/plan/render-markdown.ts";
import { renderBytes, renderMachinePlan, renderPlan } from "../../../clan/plan/render-plan.ts";
import { old } from "../../deploy/support/facts.ts";
import { unchanged, wholePlan } from "./support/whole-plan.ts";

const file = "modules/nixos/base/heartbeat.ts";
const updated: MachinePlan = {
  ...unchanged,
  host: "reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena",
  current: old,
  change: "update",
  reasons: [
    { kind: "input", name: "nixpkgs", change: "changed", text: "input nixpkgs: 1a2b3c4 → 5d6e7f8" },
    { kind: "file", name: file, change: "changed", text: `${file} changed (nixos/base)` },
  ],
  packages: {
    kind: "known",
    added: [{ name: "htop", before: [], after: ["3.4.1"] }],
    removed: [],
    up: [{ name: "openssl", before: ["1.1.1w", "3.0.16"], after: ["3.0.17"] }],
    down: [{ name: "git", before: ["2.51.0"], after: ["2.50.1"] }],
    rebuilt: 12,
    sizeBytes: { before: 1_500_000_000, after: 1_512_300_000 },
  },
  copy: {
    kind: "known",
    paths: 31,
    bytes: 48_200_000,
    differences: { kind: "none", why: "the host has no zstd" },
  },
  reboot: { kind: "needed", reasons: ["kernel: linux-6.12.8 → linux-6.12.10"], made: true },
  notes: [{ kind: "mode", text: "mode boot: it runs after the next boot" }],
};
const why = "the new system is not built here yet";
const unbuilt: MachinePlan = {
  ...updated,
  reasons: [{ kind: "unknown", name: null, change: null, text: "unknown: deployed before reasons were kept" }],
  packages: { kind: "unknown", why },
  copy: { kind: "unknown", why },
  reboot: { kind: "unknown", why },
  notes: [],
};
const asleep: MachinePlan = {
  ...unchanged,
  class: "darwin",
  reachable: false,
  host: "unreachable: no answer within 5 s",
  current: null,
  change: "unknown",
};
const plan = (machines: Record<string, MachinePlan>): Plan =>
  planSchema.parse({ schema: 1, fleet: "minerals", stack: "core", depth: "fast", machines, leaving: {} });

describe("a plan as text", () => {
  it("tells of a machine what changes, why, and what it costs", () => {
    assert.equal(
      renderMachinePlan(updated),
      `reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena
  why:      input nixpkgs: 1a2b3c4 → 5d6e7f8
            modules/nixos/base/heartbeat.ts changed (nixos/base)
  packages: openssl 1.1.1w, 3.0.16 → 3.0.17; git 2.51.0 → 2.50.1 (down); +htop 3.4.1; 12 rebuilt
  size:     1.5 GB (+12.3 MB)
  copy:     48.2 MB in 31 paths, before compression
  reboot:   needed: kernel: linux-6.12.8 → linux-6.12.10; the deployment makes it
  mode:     mode boot: it runs after the next boot`,
    );
  });

  it("tells warnings first, then units, and how it is brought there", () => {
    const [cinnabar] = Object.values(wholePlan.machines);
    assert.deepEqual(
      renderMachinePlan(cinnabar ?? assert.fail())
        .split("\n")
        .slice(1),
      [
        "  warning:  postgresql 16.9 → 17.5: its data may need a migration, which no rollback undoes",
        "  why:      input nixpkgs: 1a2b3c4 → 5d6e7f8",
        "  packages: postgresql 16.9 → 17.5; +htop 3.4.1; 12 rebuilt",
        "  size:     1.5 GB (+12.3 MB)",
        "  copy:     48.2 MB in 31 paths, before compression; over a slow way about 3.1 MB, 28 as differences",
        "  reboot:   needed: kernel: linux-6.12.8 → linux-6.12.10; the deployment does not make it",
        "  units:    restart nginx.service, postgresql.service",
        "            stop gone.service",
        "            start new.service, new.timer",
        "            reload sshd.service",
        "            changed, and left as it runs: systemd-logind.service",
        "            /etc/fstab changes: mounts come, go or are made again",
        "            by its own word: would restart the following units: nginx.service, postgresql.service",
        "  build:    12 derivations here; 30 paths to fetch (18.4 MB)",
        "  secrets:  /var/lib/sops-nix/key.txt",
        "  health:   units nginx.service",
        "            http https://minerals.example/health from the operator",
        "  wave:     2 of 3 (rest)",
        "  node:     is changed in place; machineType n1-standard-4 → n1-standard-8",
        "  cost:     $24.46 → $204.58 a month, by list prices",
      ],
    );
  });

  it("says how much is copied at most, where a host may take differences and nobody has tried", () => {
    const copy = (differences: Extract<MachinePlan["copy"], { kind: "known" }>["differences"], paths = 1): string =>
      /^ {2}copy: {5}(.*)$/m.exec(
        renderMachinePlan({ ...updated, copy: { kind: "known", paths, bytes: 48_200_000, differences } }),
      )?.[1] ?? "";
    const deep = { kind: "unknown", why: "a deep plan tries it" } as const;
    assert.equal(copy(deep), "at most 48.2 MB in 1 path, before compression and differences");
    assert.equal(copy({ kind: "none", why: "the host has no zstd" }), "48.2 MB in 1 path, before compression");
    assert.equal(copy(deep, 0), "nothing, the host has it all");
  });

  it("says where the system is built, and how much that is as far as Nix says so", () => {
    const of = (build: NonNullable<MachinePlan["build"]>): string[] =>
      renderMachinePlan({ ...unchanged, change: "update", build })
        .split("\n")
        .slice(1);
    const here = { where: "here", state: "to-build", foreignPlatform: null } as const;
    const fetched = { paths: 0, bytes: 0 };
    assert.deepEqual(of({ ...here, work: { kind: "known", derivations: 1, fetched } }), [
      "  build:    1 derivation here",
    ]);
    const cached = { kind: "known", derivations: 0, fetched: { paths: 1, bytes: 900 } } as const;
    assert.deepEqual(of({ ...here, work: cached }), ["  build:    nothing; 1 path to fetch (900 B)"]);
    const why = "Nix, or a cache that it asks, did not say in time";
    assert.deepEqual(of({ ...here, foreignPlatform: "aarch64-linux", work: { kind: "unknown", why } }), [
      "  build:    for aarch64-linux, by a builder of this machine's Nix or emulated",
      `  unknown:  what is to be built (${why})`,
    ]);
    const hidden = { kind: "unknown", why: "only the host's own Nix knows" } as const;
    assert.deepEqual(of({ ...here, where: "target", work: hidden }), [
      "  build:    on the host itself",
      "  unknown:  what is to be built (only the host's own Nix knows)",
    ]);
    assert.deepEqual(of({ ...here, state: "built", work: null }), []);
  });

  it("names the zones in which room is looked for, and what becomes of it where none has any", () => {
    const node = {
      action: "create",
      changes: [],
      power: { before: "absent", after: "on" },
      zone: { before: null, after: null },
      zonesTried: ["us-central1-a", "us-central1-b"],
      costPerMonth: { before: 0, after: 146.35 },
    } as const;
    const zones = (changes: object): string | undefined =>
      /^ {2}zone: {5}(.*)$/m.exec(
        renderMachinePlan({
          ...unchanged,
          node: { ...node, changes: [], zonesTried: [...node.zonesTried], ...changes },
        }),
      )?.[1];
    assert.equal(
      zones({}),
      "the first with room of us-central1-a, us-central1-b; where none has room, `up` fails for this machine",
    );
    const inB = { zone: { before: "us-central1-b", after: "us-central1-b" }, zonesTried: [] };
    assert.equal(zones({ ...inB, action: "replace" }), "us-central1-b");
    assert.equal(zones({ ...inB, action: "update" }), undefined);
  });

  it("says that units are not touched before the next boot, and why", () => {
    const units = { kind: "at-boot", why: "mode boot" } as const;
    assert.match(renderMachinePlan({ ...updated, units }), /^ {2}units: {4}none before the next boot: mode boot$/m);
    const none = {
      kind: "known",
      stop: [],
      start: [],
      restart: [],
      reload: [],
      keep: [],
      unsure: [],
      dryActivation: null,
    };
    assert.match(renderMachinePlan({ ...updated, units: { ...none, kind: "known" } }), /^ {2}units: {4}none$/m);
  });

  it("shows the machines that leave the stack, and what goes with them", () => {
    assert.match(
      renderPlan(wholePlan),
      /^- galena {4}is declared no more\n {6}node: {5}is deleted\n {6}cost: {5}\$10\.00 → \$0\.00 a month, by list prices$/m,
    );
  });

  it("says what is not known, each cause once, and never that it does not change", () => {
    assert.equal(
      renderMachinePlan(unbuilt),
      `reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena
  why:      unknown: deployed before reasons were kept
  unknown:  packages, bytes to copy, reboot (the new system is not built here yet)`,
    );
    assert.equal(
      renderMachinePlan(asleep),
      `unreachable: no answer within 5 s
  nothing to deploy by its last known state; what it runs is not known`,
    );
  });

  it("cuts long lists, and says so", () => {
    const reasons = Array.from({ length: 12 }, (_, index) => ({
      kind: "file" as const,
      name: `${index}.ts`,
      change: "changed" as const,
      text: `${index}.ts changed`,
    }));
    const lines = renderMachinePlan({ ...unbuilt, reasons }).split("\n");
    assert.equal(lines[8], "            and 5 more");
    assert.equal(lines.length, 10);
  });

  it("shows the machines that change first, and counts them", () => {
    assert.equal(
      renderPlan(plan({ cinnabar: unchanged, galena: unbuilt, stibnite: asleep })),
      `~ galena    reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena
      why:      unknown: deployed before reasons were kept
      unknown:  packages, bytes to copy, reboot (the new system is not built here yet)
? stibnite  unreachable: no answer within 5 s
      nothing to deploy by its last known state; what it runs is not known
  cinnabar  reachable, runs 1111111-nixos-system-electrum, generation 8

stack core: 1 of 3 machines change, of 1 it is not known`,
    );
    assert.match(renderPlan(plan({ cinnabar: unchanged })), /^stack core: no machine changes$/m);
  });

  it("takes what hosts and files are called for text: nothing for a terminal to obey, no line of its own", () => {
    const text = "its stack was \u001b[2Jx/\u202ey\u0007\n  why:      \u009b31mnothing";
    const reasons = [{ kind: "owner" as const, name: null, change: null, text }];
    const shown = renderMachinePlan({ ...unbuilt, host: "\u001b]0;owned\u0007galena", reasons });
    assert.match(shown, /^galena\n {2}why: {6}its stack was x\/ y \n {14}why: {6}nothing\n/);
  });

  it("writes sizes with three digits or so", () => {
    assert.deepEqual([0, 999, 1_000, 48_200_000, 1_512_300_000].map(renderBytes), [
      "0 B",
      "999 B",
      "1.0 kB",
      "48.2 MB",
      "1.5 GB",
    ]);
  });
});

describe("a plan for a pull request", () => {
  it("is a table, with the details of each machine below it", () => {
    assert.equal(
      renderPlanMarkdown(plan({ cinnabar: unchanged, galena: unbuilt, stibnite: asleep })),
      `### Plan: minerals, stack core

1 of 3 machines change, of 1 it is not known.

| machine | host | change | why |
| --- | --- | --- | --- |
| \`galena\` | reachable | update \`0000000\` → \`1111111\` | unknown: deployed before reasons were kept |
| \`stibnite\` | **not reachable** | **unknown** |  |

<details><summary>galena</summary>

- reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena
- **why** unknown: deployed before reasons were kept
- **unknown** packages, bytes to copy, reboot \\(the new system is not built here yet\\)

</details>

<details><summary>stibnite</summary>

- unreachable: no answer within 5 s

</details>

No change: \`cinnabar\`.`,
    );
  });

  it("says in one line that nothing changes", () => {
    assert.equal(
      renderPlanMarkdown(plan({ cinnabar: unchanged })),
      "### Plan: minerals, stack core\n\nNo machine changes.",
    );
  });

  it("takes what hosts and files are called for text: no markup, no mention, no cell of its own", () => {
    const text = "a|b <img src=x>\u202e@team `x` [y](z)\n# title";
    const hostile = { ...unbuilt, host: text, reasons: [{ kind: "drift" as const, name: null, change: null, text }] };
    const shown = renderPlanMarkdown(plan({ galena: hostile }));
    assert.ok(shown.includes("a\\|b &lt;img src=x> &#64;team \\`x\\` \\[y\\]\\(z\\) \\# title"), shown);
    assert.doesNotMatch(shown, /<img|@team|^# /m);
  });
});
