import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { diskPartSchema, isMadeForNixos } from "../../../deploy/installation/disk-contents.ts";
import { type InstallationFacts, installationFactsSchema } from "../../../deploy/installation/installation-facts.ts";
import {
  planInstallation,
  renderLosses,
  type WantedInstallation,
} from "../../../deploy/installation/plan-installation.ts";
import { parseStorePath } from "../../../local-nix/store-path.ts";

const diskoScript = parseStorePath(`/nix/store/${"d".repeat(32)}-disko`);
const toplevel = parseStorePath(`/nix/store/${"f".repeat(32)}-nixos-system-galena`);
const wanted: WantedInstallation = {
  machine: "galena",
  system: "x86_64-linux",
  diskoScript,
  toplevel,
  devices: ["/dev/sda"],
};
const debian: InstallationFacts = {
  os: "foreign",
  name: "Debian GNU/Linux 12 (bookworm)",
  kernel: "Linux",
  arch: "x86_64",
  root: true,
  bootId: "one",
  machineId: "0123456789abcdef0123456789abcdef",
  current: null,
  memoryKib: 32_000_000,
  secureBoot: false,
  keys: 1,
  osLogin: false,
  devices: [{ path: "/dev/sda", disk: "/dev/sda", sizeBytes: 107_374_182_400 }],
  disks: [{ path: "/dev/sda", sizeBytes: 107_374_182_400, names: ["/dev/disk/by-id/google-persistent-disk-0"] }],
  parts: [],
  working: [],
  note: null,
  record: null,
};
const root = `NAME="/dev/sda1" TYPE="part" SIZE="107238915072" FSTYPE="ext4" LABEL="" PARTLABEL="" MOUNTPOINT="/" HOLDS=""`;
const ofDisko = `NAME="/dev/sda2" TYPE="part" SIZE="107238915072" FSTYPE="ext4" LABEL="" PARTLABEL="disk-main-root" MOUNTPOINT="" HOLDS=""`;
const part = (line: string) => diskPartSchema.parse(`/dev/sda ${line}`);
const installer: InstallationFacts = { ...debian, os: "installer", name: "NixOS 26.05 (installer)" };
const nixos: InstallationFacts = { ...debian, os: "nixos", name: "NixOS 26.05", current: toplevel };
const note = { machine: "galena", diskoScript, toplevel } as const;

/** What stands against it, or the phases. */
function planned(facts: InstallationFacts, more: Partial<WantedInstallation> = {}, isOurs = false): string {
  const plan = planInstallation(facts, { ...wanted, ...more }, isOurs);
  if (plan.kind === "run") return plan.phases.join(" ");
  return plan.kind === "refuse" ? plan.obstacles.map(({ found }) => found).join("; ") : plan.kind;
}

describe("planning an installation", () => {
  it("takes a foreign system through every phase, and says what is wiped", () => {
    const plan = planInstallation(debian, wanted, false);
    assert.deepEqual(plan, {
      kind: "run",
      phases: ["kexec", "disko", "install", "reboot"],
      wipes: [
        {
          path: "/dev/sda",
          sizeBytes: 107_374_182_400,
          names: ["/dev/disk/by-id/google-persistent-disk-0"],
          holds: [],
        },
      ],
    });
    const full = planInstallation({ ...debian, parts: [part(root)] }, wanted, false);
    const lost = full.kind === "run" ? renderLosses(full.wipes) : [];
    assert.deepEqual(lost, ["lost with /dev/sda: sda1 (ext4, 107 GB, mounted at /)"]);
  });

  it("sees the NixOS on the disks of a rescue system, and wipes it by its name alone", () => {
    const rescue = { ...debian, parts: [part(ofDisko)] };
    assert.equal(planned(rescue), "disks that a NixOS was installed on: sda2 (ext4, 107 GB, disk-main-root)");
    assert.match(planned(rescue, { reinstall: "another" }), /^disks that a NixOS was installed on/);
    assert.equal(planned(rescue, { reinstall: debian.machineId ?? "" }), "kexec disko install reboot");
    assert.equal(planned(rescue, { reinstall: "4711", instanceId: "4711" }), "kexec disko install reboot");
    const mounted = part(root.replace('MOUNTPOINT="/" HOLDS=""', 'MOUNTPOINT="/mnt" HOLDS="nixos"'));
    assert.equal(
      planned({ ...debian, parts: [mounted] }),
      "disks that a NixOS was installed on: sda1 (ext4, 107 GB, mounted at /mnt)",
    );
    assert.match(planned({ ...installer, parts: [part(ofDisko)] }), /; its disks hold a NixOS: sda2 \(/);
    const note_ = { ...note, after: "disko" } as const;
    assert.equal(planned({ ...installer, note: note_, parts: [part(ofDisko)] }), "install reboot", "it is our own");
  });

  it("goes no further than was asked for, also where a machine is past that already", () => {
    assert.equal(planned(debian, { until: "kexec" }), "kexec");
    assert.equal(planned(debian, { until: "disko" }), "kexec disko");
    assert.equal(planned(installer, { until: "kexec" }, true), "reached");
    assert.equal(planned({ ...installer, note: { ...note, after: "disko" } }, { until: "disko" }), "reached");
    assert.equal(planned({ ...installer, note: { ...note, after: "disko" } }, { until: "install" }), "install");
    const plan = planInstallation(debian, { ...wanted, until: "kexec" }, false);
    assert.deepEqual(plan.kind === "run" && plan.wipes, [], "nothing is wiped by it");
  });

  it("does not take for another Linux what does not say what it is", () => {
    assert.match(planned({ ...debian, name: "" }), /^a system that does not say what it is/);
  });

  it("goes on in the installer where it ended", () => {
    assert.equal(planned({ ...installer, note: { ...note, after: "kexec" } }), "disko install reboot");
    assert.equal(planned({ ...installer, note: { ...note, after: "disko" } }), "install reboot");
    assert.equal(planned({ ...installer, note: { ...note, after: "install" } }), "reboot");
  });

  it("formats anew for another disk layout, and copies anew another system", () => {
    const layout = parseStorePath(`/nix/store/${"a".repeat(32)}-disko`);
    assert.equal(
      planned({ ...installer, note: { ...note, after: "install", diskoScript: layout } }),
      "disko install reboot",
    );
    const system = parseStorePath(`/nix/store/${"b".repeat(32)}-nixos-system-galena`);
    assert.equal(planned({ ...installer, note: { ...note, after: "install", toplevel: system } }), "install reboot");
  });

  it("goes on with nothing while what an interrupted run started still formats or installs", () => {
    const working = ["812 bash /nix/store/x-disko/bin/disko"];
    const found = "still at work from an earlier run: 812 bash /nix/store/x-disko/bin/disko";
    for (const after of ["kexec", "disko", "install"] as const)
      assert.equal(planned({ ...installer, working, note: { ...note, after } }), found);
    assert.equal(planned({ ...debian, working }), "kexec disko install reboot", "kexec ends it");
  });

  it("leaves a NixOS alone unless it is named", () => {
    assert.equal(planned(nixos), "installed");
    assert.match(planned(nixos, { reinstall: "another" }), /^0123456789abcdef0123456789abcdef, which runs NixOS$/);
    assert.equal(planned(nixos, { reinstall: nixos.machineId ?? "" }), "kexec disko install reboot");
    assert.equal(planned(nixos, { reinstall: "4711", instanceId: "4711" }), "kexec disko install reboot");
  });

  it("takes a word to reinstall once: a lost state does not wipe the machine again", () => {
    const served = { ...nixos, record: { reinstall: "4711", toplevel } };
    assert.equal(planned(served, { reinstall: "4711", instanceId: "4711" }), "installed");
  });

  it("wipes nothing from an installer that somebody else started, unless the machine is named", () => {
    assert.match(planned(installer), /^an installer that was not started by an installation of this machine/);
    assert.match(
      planned({ ...installer, note: { ...note, machine: "scheelite", after: "disko" } }),
      /^an installer that was not/,
    );
    assert.equal(planned(installer, {}, true), "disko install reboot");
    assert.equal(planned(installer, { reinstall: installer.machineId ?? "" }), "disko install reboot");
  });

  it("says before anything is touched what cannot work, all of it", () => {
    const poor = {
      ...debian,
      memoryKib: 1_000_000,
      secureBoot: true,
      keys: 0,
      osLogin: true,
      root: false,
      arch: "aarch64",
    };
    assert.equal(
      planned(poor),
      "aarch64-linux; a login user who is not root; 977 MiB of memory; Secure Boot is on; OS Login decides who may log in",
    );
    const gone = { ...debian, devices: [{ path: "/dev/nvme0n1", disk: null, sizeBytes: null }] };
    assert.equal(planned(gone), "no disk /dev/nvme0n1; there are: /dev/sda (107 GB, google-persistent-disk-0)");
    assert.equal(planned({ ...debian, devices: [] }, { devices: [] }), "no device");
  });

  it("does not take another disk for the one it saw before kexec", () => {
    const seen = new Map([["/dev/sda", 500]]);
    assert.match(
      planned({ ...installer, note: { ...note, after: "kexec" } }, { seen }),
      /^\/dev\/sda has another size/,
    );
  });

  it("never wipes a NixOS that is not named, whatever else is true of it", () => {
    const anyFacts = fc.record({
      memoryKib: fc.option(fc.nat()),
      secureBoot: fc.option(fc.boolean()),
      root: fc.boolean(),
      keys: fc.nat(3),
      note: fc.option(fc.constantFrom("kexec", "disko", "install").map((after) => ({ ...note, after }) as const)),
      machineId: fc.option(fc.string({ minLength: 1 })),
      os: fc.constantFrom("nixos" as const),
    });
    const named = fc.record({ reinstall: fc.option(fc.string(), { nil: undefined }), isOurs: fc.boolean() });
    fc.assert(
      fc.property(anyFacts, named, (some, { reinstall, isOurs }) => {
        const facts = { ...nixos, ...some };
        fc.pre(reinstall === undefined || reinstall !== facts.machineId);
        const plan = planInstallation(facts, { ...wanted, ...(reinstall === undefined ? {} : { reinstall }) }, isOurs);
        assert.notEqual(plan.kind, "run");
      }),
    );
  });
});

describe("a machine's own word before its installation", () => {
  it("tells a device that is there from one that is not", () => {
    const text = {
      ...debian,
      devices: ["/dev/sda /dev/sda 107374182400", "/dev/nvme0n1 - "],
      disks: ["/dev/sda 107374182400 /dev/disk/by-id/a /dev/disk/by-id/b"],
      parts: [`/dev/sda ${root}`],
      working: ["12 bash /nix/store/x-disko"],
      note: "",
      record: "{",
    };
    const { devices, disks, note, record } = installationFactsSchema.parse(text);
    assert.deepEqual(devices, [
      { path: "/dev/sda", disk: "/dev/sda", sizeBytes: 107_374_182_400 },
      { path: "/dev/nvme0n1", disk: null, sizeBytes: null },
    ]);
    assert.deepEqual(disks, [
      { path: "/dev/sda", sizeBytes: 107_374_182_400, names: ["/dev/disk/by-id/a", "/dev/disk/by-id/b"] },
    ]);
    assert.deepEqual([note, record], [null, null], "what cannot be read says nothing");
  });

  it("tells what was made for a NixOS by the names that its installers give", () => {
    const labelled = (label: string, type = "ext4") =>
      isMadeForNixos(part(root.replace('LABEL=""', `LABEL="${label}"`).replace("ext4", type)));
    assert.deepEqual(
      ["nixos", "NIXOS_SD", "nixos-root", "cloudimg-rootfs", "unixos", ""].map((label) => labelled(label)),
      [true, true, true, false, false, false],
    );
    assert.equal(labelled("nixos-minimal-26.05-x86_64", "iso9660"), false, "a stick with the installer");
    assert.equal(part(root.replace('LABEL=""', 'LABEL="my\\x20disk"')).label, "my disk");
    assert.throws(() => diskPartSchema.parse("/dev/sda NAME=sda1"), /the pairs of lsblk/);
  });
});
