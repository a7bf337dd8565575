import type { Wanted } from "../../../deploy/activation/plan-activation.ts";
import type { Transaction } from "../../../deploy/activation/transaction.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";

/** A store path whose hash is one letter. */
export function system(letter: string): StorePath {
  return parseStorePath(`/nix/store/${letter.repeat(32)}-nixos-system-galena`);
}

export const [old, declared, foreign] = [system("0"), system("1"), system("2")];

/** A healthy NixOS host that runs `old`. */
export function hostFacts(changes: Partial<HostFacts> = {}): HostFacts {
  return {
    class: "nixos",
    system: "x86_64-linux",
    hostname: "galena",
    uid: 0,
    loginUid: 0,
    bootId: "boot-1",
    current: old,
    specialisations: [],
    bootable: true,
    booted: old,
    profile: old,
    generation: 7,
    boot: {
      kind: "systemd-boot",
      entry: "nixos-generation-7.conf",
      toplevel: old,
      filesPresent: true,
      mounted: true,
      trialLeft: false,
    },
    activeUnits: ["sshd.service", "nginx.service"],
    failedUnits: [],
    restarts: [],
    leftovers: [],
    freeKib: { nix: 1_000_000, boot: 60_000 },
    tools: { nixStore: "/bin/nix-store", nixEnv: "/bin/nix-env", nixDaemon: "/bin/nix-daemon" },
    jobs: [],
    owner: { project: "fleet", stack: "core", machine: "galena" },
    now: 1_790_000_000,
    ...changes,
  };
}

export const wanted: Wanted = {
  class: "nixos",
  system: "x86_64-linux",
  toplevel: declared,
  specialisation: null,
  owner: { project: "fleet", stack: "core", machine: "galena" },
  takeOver: false,
  mode: "switch",
  newId: "00000000000000aa",
};

export function transaction(changes: Partial<Transaction> = {}): Transaction {
  return {
    schema: 1,
    id: "00000000000000bb",
    owner: wanted.owner,
    toplevel: declared,
    bootId: "boot-1",
    startedAt: 1_789_999_000,
    previous: { current: old, profile: old, generation: 7 },
    failedBefore: [],
    phase: "testing",
    ...changes,
  };
}
