import type { StorePath } from "../../local-nix/store-path.ts";
import { type DiskPart, isMadeForNixos, renderPart, renderSize } from "./disk-contents.ts";
import { type Disk, type InstallationFacts, type InstallationPhase, installationPhases } from "./installation-facts.ts";

/** What a machine shall become, and what allows it. */
export interface WantedInstallation {
  readonly machine: string;
  /** Platform that the toplevel is built for. */
  readonly system: string;
  readonly diskoScript: StorePath;
  readonly toplevel: StorePath;
  /** What the disko script wipes, as the configuration names it. */
  readonly devices: readonly string[];
  /** The machine-id, or the cloud's id, of the NixOS that may be wiped. */
  readonly reinstall?: string | undefined;
  /** The cloud's own id of the VM, which counts beside the machine-id. */
  readonly instanceId?: string | undefined;
  /** The last phase that is wanted. Default reboot: all of them. */
  readonly until?: InstallationPhase | undefined;
  /** Sizes of the devices before the kernel was changed, in bytes: another kernel may count disks in another order. */
  readonly seen?: ReadonlyMap<string, number> | undefined;
}

/** One thing that stands against an installation. */
export interface Obstacle {
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

export type InstallationPlan =
  /** It runs an installed NixOS, which stays as it is. */
  | { readonly kind: "installed" }
  /** It is past the last phase that is wanted. */
  | { readonly kind: "reached" }
  | { readonly kind: "refuse"; readonly obstacles: readonly [Obstacle, ...Obstacle[]] }
  | {
      readonly kind: "run";
      readonly phases: readonly [InstallationPhase, ...InstallationPhase[]];
      readonly wipes: readonly WipedDisk[];
    };

/** A disk, and what is lost with it. */
export interface WipedDisk extends Disk {
  /** Empty: nothing, or nobody can tell. */
  readonly holds: readonly DiskPart[];
}

/**
 * The kexec installer lives in memory. Its own documentation asks for 1.5 GB and says that ZFS needs more; a VM sold as
 * 2 GB shows a little less. Source: nixos-anywhere 1.13, docs/requirements.md.
 */
const leastMemoryKib = 1_800_000;

/**
 * Decides what is done with a machine; touches nothing.
 * @param isOurs - of an installer: it showed the key of the system from which it was started.
 */
export function planInstallation(
  facts: InstallationFacts,
  wanted: WantedInstallation,
  isOurs: boolean,
): InstallationPlan {
  if (facts.os === "nixos") {
    const stays = wanted.reinstall === undefined || facts.record?.reinstall === wanted.reinstall;
    if (stays) return { kind: "installed" };
  }
  const last = installationPhases.indexOf(wanted.until ?? "reboot");
  const [next, ...later] = phasesFrom(facts, wanted).filter((phase) => installationPhases.indexOf(phase) <= last);
  if (next === undefined) return { kind: "reached" };
  const phases = [next, ...later] as const;
  const obstacles = [...guard(facts, wanted, isOurs), ...missing(facts, wanted, phases)];
  const [first, ...others] = obstacles;
  if (first !== undefined) return { kind: "refuse", obstacles: [first, ...others] };
  return { kind: "run", phases, wipes: phases.includes("disko") ? wipedDisks(facts) : [] };
}

/** A note about another declaration says nothing about this one: its disks are formatted anew. */
function phasesFrom(
  { os, note }: InstallationFacts,
  { machine, diskoScript, toplevel }: WantedInstallation,
): readonly InstallationPhase[] {
  if (os !== "installer") return installationPhases;
  const counts = note !== null && note.machine === machine && note.diskoScript === diskoScript;
  if (!counts || note.after === "kexec") return ["disko", "install", "reboot"];
  return note.after === "install" && note.toplevel === toplevel ? ["reboot"] : ["install", "reboot"];
}

/** What runs NixOS, or may hold one, is wiped only by its name. */
function guard(facts: InstallationFacts, wanted: WantedInstallation, isOurs: boolean): readonly Obstacle[] {
  const { reinstall, instanceId, machine } = wanted;
  const names = [facts.machineId, instanceId].filter((name) => name !== null && name !== undefined && name !== "");
  const named = reinstall !== undefined && names.includes(reinstall);
  if (facts.os === "nixos" && !named) {
    const found = `${names.join(" or ") || "a machine without machine-id"}, which runs NixOS`;
    const fix = "to wipe it, name it; otherwise remove `reinstall`";
    return [{ found, expected: `${reinstall ?? "nothing"}, as reinstall says`, fix }];
  }
  if (named || isOurs || facts.os === "nixos") return [];
  const traces = facts.parts.filter(isMadeForNixos).map(renderPart);
  const name = facts.machineId ?? instanceId ?? "its cloud id";
  if (facts.os === "installer") {
    if (facts.note?.machine === machine) return [];
    const disks = traces.length === 0 ? "its disks may hold a NixOS" : `its disks hold a NixOS: ${traces.join(", ")}`;
    const found = `an installer that was not started by an installation of this machine; ${disks}`;
    const fix = "look at its disks; to wipe them, name the machine by that id";
    return [{ found, expected: `the machine's old system, or reinstall: ${name}`, fix }];
  }
  if (facts.name === "") {
    const unknown = "a system that does not say what it is: no name in /etc/os-release";
    return [{ found: unknown, expected: `one that does, or reinstall: ${name}`, fix: "log in and look what it is" }];
  }
  // A rescue system, perhaps: what runs is another Linux, and what would be lost is a NixOS.
  if (traces.length === 0) return [];
  const found = `disks that a NixOS was installed on: ${traces.join(", ")}`;
  const fix = "start that NixOS if it is to stay; to wipe it, name the machine by that id";
  return [{ found, expected: `disks without one, or reinstall: ${name}`, fix }];
}

function missing(
  facts: InstallationFacts,
  { system, devices, seen, instanceId }: WantedInstallation,
  phases: readonly InstallationPhase[],
): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  const lacks = (found: string, expected: string, fix: string): void => void obstacles.push({ found, expected, fix });
  const found = `${facts.arch}-${facts.kernel.toLowerCase()}`;
  if (facts.kernel !== "Linux" || found !== system)
    lacks(found, system, "correct nixpkgs.hostPlatform, or the address");
  if (!facts.root) lacks("a login user who is not root", "root, or a user with `sudo -n`", "log in as root");
  if (phases.includes("kexec")) obstacles.push(...withoutKexec(facts));
  else if (facts.working.length > 0) {
    const still = `still at work from an earlier run: ${facts.working.join("; ")}`;
    lacks(still, "nothing that formats or installs", "wait for its end, or end it there, then run it again");
  }
  if (!phases.includes("disko")) return obstacles;
  if (devices.length === 0) lacks("no device", "disko.devices.disk", "declare the machine's disks");
  const disks = facts.disks.map(renderDisk).join("; ") || "none";
  for (const { path } of facts.devices.filter(({ disk }) => disk === null)) {
    const stable = facts.disks
      .flatMap(({ names }) => names)
      .find((name) => name.includes("google-") || instanceId === undefined);
    lacks(
      `no disk ${path}; there are: ${disks}`,
      path,
      `declare another device${stable === undefined ? "" : `: ${stable}`}`,
    );
  }
  for (const { path, sizeBytes } of facts.devices) {
    const before = seen?.get(path);
    if (before === undefined || sizeBytes === null || before === sizeBytes) continue;
    const found = `${path} has another size than before kexec: ${sizeBytes} bytes; there are: ${disks}`;
    lacks(found, `${before} bytes`, "declare the disk by a name of /dev/disk/by-id, which no kernel changes");
  }
  return obstacles;
}

/** What keeps the installer from being started from here. */
function withoutKexec({ memoryKib, secureBoot, keys, osLogin }: InstallationFacts): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (memoryKib !== null && memoryKib < leastMemoryKib) {
    const fix = "install with more memory, which can be taken away afterwards, or boot an image made from the system";
    obstacles.push({ found: `${Math.round(memoryKib / 1024)} MiB of memory`, expected: "2 GB", fix });
  }
  if (secureBoot === true) {
    const fix =
      "turn it off (on Google's cloud: shieldedInstanceConfig.enableSecureBoot: false; a policy may force it)";
    obstacles.push({ found: "Secure Boot is on", expected: "off: it starts no unsigned kernel", fix });
  }
  if (keys === 0) {
    const fix = osLogin
      ? "turn OS Login off for this VM (enable-oslogin=FALSE; the policy compute.requireOsLogin may force it)"
      : "put your public key into /root/.ssh/authorized_keys of the machine";
    const found = osLogin ? "OS Login decides who may log in" : "keys from elsewhere than files";
    obstacles.push({ found, expected: "an authorized_keys file, which the installer takes over", fix });
  }
  return obstacles;
}

function wipedDisks({ devices, disks, parts }: InstallationFacts): readonly WipedDisk[] {
  return devices.map(({ path, disk, sizeBytes }) => {
    const known = disks.find((one) => one.path === disk) ?? { path: disk ?? path, sizeBytes, names: [] };
    return { ...known, holds: parts.filter((part) => part.disk === disk) };
  });
}

/** What a phase does, in words. */
export function describePhase(phase: InstallationPhase, wipes: readonly Disk[]): string {
  switch (phase) {
    case "kexec":
      return "starts the installer in memory";
    case "disko":
      return `wipes ${wipes.map(renderDisk).join(", ")}`;
    case "install":
      return "copies the system and installs its boot loader";
    case "reboot":
      return "reboots into the installed system";
  }
}

/** `lost with /dev/sda: sda1 (ext4, 107 GB, mounted at /)`, for each disk that holds something. */
export function renderLosses(disks: readonly WipedDisk[]): readonly string[] {
  const full = disks.filter(({ holds }) => holds.length > 0);
  return full.map(({ path, holds }) => `lost with ${path}: ${holds.map(renderPart).join(", ")}`);
}

/** `/dev/sda (107 GB, google-persistent-disk-0)`. */
export function renderDisk({ path, sizeBytes, names }: Disk): string {
  const shown = [
    ...(sizeBytes === null ? [] : [renderSize(sizeBytes)]),
    ...names.slice(0, 1).map((name) => name.slice(name.lastIndexOf("/") + 1)),
  ];
  return shown.length === 0 ? path : `${path} (${shown.join(", ")})`;
}
