import { type MachinePlan, type Plan, planSchema } from "../../../../clan/plan/machine-plan.ts";
import { declared, old } from "../../../deploy/support/facts.ts";

/** A host that runs what it shall. */
export const unchanged: MachinePlan = {
  class: "nixos",
  reachable: true,
  host: "reachable, runs 1111111-nixos-system-electrum, generation 8",
  current: declared,
  booted: declared,
  toplevel: declared,
  change: "none",
  reasons: [],
  packages: null,
  copy: null,
  reboot: null,
  units: null,
  build: null,
  secrets: null,
  gates: [],
  wave: null,
  node: null,
  warnings: [],
  notes: [],
};

/** One machine with all that a plan can tell, one that sleeps, and one that stays as it is. */
export const wholePlan: Plan = planSchema.parse({
  schema: 1,
  fleet: "minerals",
  stack: "core",
  depth: "fast",
  leaving: {
    galena: {
      text: "is declared no more",
      node: {
        action: "delete",
        changes: [],
        power: { before: "off", after: "absent" },
        zone: { before: "us-central1-a", after: null },
        costPerMonth: { before: 10, after: 0 },
      },
    },
  },
  machines: {
    cinnabar: {
      ...unchanged,
      host: "reachable, 0000000-nixos-system-cinnabar → 1111111-nixos-system-cinnabar",
      current: old,
      booted: old,
      change: "update",
      reasons: [{ kind: "input", name: "nixpkgs", change: "changed", text: "input nixpkgs: 1a2b3c4 → 5d6e7f8" }],
      packages: {
        kind: "known",
        added: [{ name: "htop", before: [], after: ["3.4.1"] }],
        removed: [],
        up: [{ name: "postgresql", before: ["16.9"], after: ["17.5"] }],
        down: [],
        rebuilt: 12,
        sizeBytes: { before: 1_500_000_000, after: 1_512_300_000 },
      },
      copy: { kind: "known", paths: 31, bytes: 48_200_000 },
      reboot: { kind: "needed", reasons: ["kernel: linux-6.12.8 → linux-6.12.10"], made: false },
      units: {
        kind: "known",
        stop: ["gone.service"],
        start: ["new.service", "new.timer"],
        restart: ["nginx.service", "postgresql.service"],
        reload: ["sshd.service"],
        keep: ["systemd-logind.service"],
        unsure: ["/etc/fstab changes: mounts come, go or are made again"],
        dryActivation: ["would restart the following units: nginx.service, postgresql.service"],
      },
      build: { where: "target", state: "to-build" },
      secrets: { change: true, files: ["/var/lib/sops-nix/key.txt"] },
      gates: ["units nginx.service", "http https://minerals.example/health from the operator"],
      wave: { number: 2, of: 3, name: "rest" },
      node: {
        action: "update",
        changes: ["machineType n1-standard-4 → n1-standard-8"],
        power: { before: "off", after: "on" },
        zone: { before: "us-central1-b", after: "us-central1-b" },
        costPerMonth: { before: 24.46, after: 204.58 },
      },
      warnings: ["postgresql 16.9 → 17.5: its data may need a migration, which no rollback undoes"],
    },
    electrum: unchanged,
    stibnite: {
      ...unchanged,
      class: "darwin",
      reachable: false,
      host: "unreachable: no answer within 5 s",
      current: null,
      booted: null,
      change: "unknown",
    },
  },
});
