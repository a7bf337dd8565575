import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { checkTrial, filesOf, reasonAgainstTrial } from "../../../deploy/boot/plan-trial.ts";
import type { BootFacts } from "../../../deploy/boot/read-boot.ts";
import { decideReboot, type KernelFacts } from "../../../deploy/boot/reboot-need.ts";
import { runs, specialisationNameSchema } from "../../../deploy/boot/specialisation.ts";
import { declared, foreign, old } from "../support/facts.ts";

const path = (letter: string, name: string): string => `/nix/store/${letter.repeat(32)}-${name}`;
const facts = (changes: Partial<KernelFacts> = {}): KernelFacts => ({
  kernel: `${path("a", "linux-6.12.8")}/bzImage`,
  initrd: `${path("b", "initrd-linux-6.12.8")}/initrd`,
  modules: path("a", "linux-6.12.8"),
  kernelParams: "loglevel=4 quiet",
  initInterface: "systemd 2",
  inhibitors: '{"dbus":"dbus-broker"}',
  ...changes,
});

describe("whether a host needs a reboot", () => {
  it("not for the same kernel, initrd, modules and parameters", () => {
    assert.deepEqual(decideReboot(facts(), facts(), facts()), { kind: "not-needed", reasons: [], mustNotSwitch: [] });
    const withInit = facts({ kernelParams: `init=${old}/init loglevel=4 quiet` });
    assert.equal(decideReboot(withInit, facts(), facts()).kind, "not-needed");
  });

  it("for each of them, by name", () => {
    const wanted = facts({
      kernel: `${path("c", "linux-6.12.10")}/bzImage`,
      initrd: `${path("d", "initrd-linux-6.12.8")}/initrd`,
      kernelParams: "loglevel=7 quiet",
    });
    assert.deepEqual(decideReboot(facts(), facts(), wanted), {
      kind: "needed",
      reasons: [
        "kernel: linux-6.12.8 → linux-6.12.10",
        "initrd: another build of initrd-linux-6.12.8",
        "kernel parameters: -loglevel=4 +loglevel=7",
      ],
      mustNotSwitch: [],
    });
  });

  it("and must not be switched when the init interface or an inhibitor changed against what runs", () => {
    const wanted = facts({ initInterface: "systemd 3", inhibitors: '{"dbus":"dbus","glibc":"2.42"}' });
    assert.deepEqual(decideReboot(facts(), facts(), wanted).mustNotSwitch, [
      "init interface: systemd 2 → systemd 3",
      "switch inhibitors changed: dbus, glibc",
    ]);
    assert.deepEqual(decideReboot(facts(), facts({ inhibitors: null, initInterface: null }), wanted).mustNotSwitch, []);
  });

  it("is no question for a container, and unknown where nothing was booted", () => {
    const container = facts({ kernel: null, initrd: null, modules: null, kernelParams: null });
    assert.equal(decideReboot(container, container, container).kind, "not-applicable");
    assert.equal(decideReboot(undefined, facts(), facts()).kind, "unknown");
  });

  it("never for a system and itself", () => {
    const texts = fc.option(fc.string());
    const any = fc.record({
      kernel: texts,
      initrd: texts,
      modules: texts,
      kernelParams: texts,
      initInterface: texts,
      inhibitors: texts,
    });
    fc.assert(fc.property(any, (system) => assert.notEqual(decideReboot(system, system, system).kind, "needed")));
  });
});

describe("a declared specialisation", () => {
  it("is recognised by whose specialisation what runs is, not by its path", () => {
    const docked = { toplevel: declared, specialisation: "docked" };
    const seen = (of: typeof old, ...names: readonly string[]) => ({
      current: foreign,
      specialisations: names.map((name) => ({ of, name })),
    });
    assert.equal(runs(seen(declared, "docked"), docked), true);
    assert.equal(runs(seen(declared, "also-docked", "docked"), docked), true, "two names of one path");
    assert.equal(runs(seen(declared, "alone"), docked), false);
    assert.equal(runs(seen(old, "docked"), docked), false);
    assert.equal(runs({ current: declared, specialisations: [] }, docked), false);
    assert.equal(runs(seen(declared, "docked"), { toplevel: declared, specialisation: null }), false);
    assert.equal(runs({ current: null, specialisations: [] }, docked), false);
  });

  it("has a name that leads nowhere else", () => {
    for (const name of ["..", ".", "a/b", "", "-x"])
      assert.equal(specialisationNameSchema.safeParse(name).success, false);
    assert.equal(specialisationNameSchema.parse("docked-2"), "docked-2");
  });
});

describe("a trial boot", () => {
  const entry = (id: string, init: string, profile = "system", generation = 1) => ({
    id,
    title: id,
    init: `${init}/init`,
    linux: "/EFI/nixos/k.efi",
    initrds: ["/EFI/nixos/i.efi"],
    profile,
    generation,
  });
  const [was, trial] = [
    entry("nixos-generation-1.conf", old),
    entry("nixos-pulumi_clan_trial-generation-1.conf", declared, "pulumi_clan_trial"),
  ];
  const host = (changes: Partial<BootFacts["loader"]> = {}): BootFacts => ({
    loader: { kind: "systemd-boot", entries: [was], default: was, ...changes },
    booted: facts(),
    running: facts(),
    profile: facts(),
    wanted: facts(),
    paths: { booted: old, running: old, profile: old },
    resetBy: [],
    mayAskPassphrase: false,
  });

  it("needs a loader with entries for one boot, a kernel, and a default that is the profile's", () => {
    assert.equal(reasonAgainstTrial(host()), undefined);
    assert.equal(reasonAgainstTrial(host({ withoutOneShot: "the host has no bootctl" })), "the host has no bootctl");
    assert.equal(
      reasonAgainstTrial(host({ default: entry("x", foreign) })),
      `the default entry starts ${foreign}/init, the profile names ${old}`,
    );
    assert.match(reasonAgainstTrial({ ...host(), wanted: facts({ kernel: null }) }) ?? "", /no kernel/);
  });

  it("is ready when the default is still the old one and an entry of its own profile starts the new system", () => {
    const newer = { ...trial, id: "nixos-pulumi_clan_trial-generation-3.conf", generation: 3 };
    assert.deepEqual(checkTrial(host(), host({ entries: [was, trial, newer] }), declared), {
      kind: "ready",
      entry: newer,
    });
    assert.deepEqual(checkTrial(host(), host(), declared), {
      kind: "wrong",
      reason: `the loader has no entry of profile pulumi_clan_trial that starts ${declared}`,
    });
    assert.deepEqual(checkTrial(host(), host({ entries: [was, trial], default: trial }), declared), {
      kind: "wrong",
      reason: `the default entry changed from ${old}/init to ${declared}/init`,
    });
    const elsewhere = entry("nixos-generation-2.conf", declared);
    assert.equal(checkTrial(host(), host({ entries: [was, elsewhere] }), declared).kind, "wrong");
  });

  it("knows where an entry's files lie on the host", () => {
    assert.deepEqual(filesOf("systemd-boot", trial)[0], [
      "/boot/EFI/nixos/k.efi",
      "/efi/EFI/nixos/k.efi",
      "/boot/efi/EFI/nixos/k.efi",
    ]);
    const grub = { ...trial, linux: "($drive1)//kernels/k", initrds: ["($drive2)/@root/nix/store/x/initrd"] };
    assert.deepEqual(filesOf("grub", grub), [
      ["/boot/kernels/k", "/kernels/k"],
      ["/boot/@root/nix/store/x/initrd", "/@root/nix/store/x/initrd", "/nix/store/x/initrd"],
    ]);
  });
});
