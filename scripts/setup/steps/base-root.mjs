import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { debianMirror, readAptSources } from "../apt-sources.mjs";
import { cache, folder, rootPrefix, SetupError } from "../context.mjs";
import { notSimulating, osRelease } from "../platform.mjs";
import { run, say } from "../run.mjs";

const suite = "trixie";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Goes up when the packages below change: older roots are then built anew. */
const recipe = "1";
const packages = "systemd,dbus,openssh-server,iproute2,ca-certificates,zstd,libpam-systemd,procps,sudo";
const programs = ["systemctl", "sshd", "ip", "zstd", "ps", "sudo", "nix"];

/** The root that every simulated host has below its overlay, and whose Nix runs outside too. */
export const baseRoot = join(cache, "hosts", `base-${suite}`);
const making = `${baseRoot}.making`;
const stamp = "usr/share/pulumi-clan-base-root"; // written last: a root without it is half-done or somebody else's

const mirror = () => process.env["PULUMI_CLAN_DEBIAN_MIRROR"] || debianMirror(readAptSources(), osRelease().codename);

/** Mount points at or below a folder. @param {string} dir */
function mountsBelow(dir) {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point === dir || point.startsWith(`${dir}/`)).reverse();
}

/** Whether a host runs on a base root of ours, in whatever mount namespace. */
function hostsRun() {
  return readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, "utf8").includes(baseRoot);
    } catch {
      return false; // the process is gone, or not ours to look at
    }
  });
}

/** Removes a root; an interrupted debootstrap leaves /proc mounted in it. @param {string} dir */
function removeRoot(dir) {
  /** @param {string[]} command */
  const perform = (command) => {
    const [program = "", ...args] = [...(rootPrefix() ?? []), ...command];
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) throw new SetupError(`${dir} cannot be removed`, stderr.trim(), "remove it by hand");
  };
  for (const point of mountsBelow(dir)) perform(["umount", point]);
  perform(["rm", "-rf", "--one-file-system", dir]);
}

/** Puts the finished root in place. Hosts that run keep the old one below them, so it goes only when none does. */
function exchange() {
  if (existsSync(baseRoot)) renameSync(baseRoot, `${baseRoot}.old-${process.pid}`);
  renameSync(making, baseRoot);
  const hosts = dirname(baseRoot);
  const old = readdirSync(hosts).filter((name) => name.startsWith(`${basename(baseRoot)}.old-`));
  if (old.length === 0) return;
  if (!hostsRun()) for (const name of old) removeRoot(join(hosts, name));
  else
    say(`  hosts run on the old root: once they are stopped, remove ${old.map((name) => join(hosts, name)).join(" ")}`);
}

/** @type {import("../step.mjs").Step} */
export const baseRootStep = {
  title: "base root of simulated hosts",
  skip: notSimulating,
  check() {
    const made = join(baseRoot, stamp);
    if (existsSync(made) && readFileSync(made, "utf8").trim() === recipe) return { there: true, what: baseRoot };
    return { there: false, what: `Debian ${suite} with systemd, sshd and Nix in ${baseRoot}` };
  },
  prerequisites() {
    const errors = [];
    if (rootPrefix() === undefined) {
      errors.push(
        new SetupError("root is missing", "debootstrap and containers need it", "run as root, or allow `sudo -n`"),
      );
    }
    if (mirror() === undefined) {
      const fix = "name one: PULUMI_CLAN_DEBIAN_MIRROR=<address of a Debian mirror> npm run setup";
      errors.push(new SetupError("no Debian mirror in apt's configuration", "the base root is built from it", fix));
    }
    return errors;
  },
  doing: `debootstrap ${suite}, then nix-bin (about a minute)`,
  async make() {
    const asRoot = rootPrefix() ?? [];
    folder(join(cache, "hosts"));
    if (existsSync(making)) removeRoot(making);
    const debootstrap = ["debootstrap", "--variant=minbase", `--keyring=${keyring}`, `--include=${packages}`];
    await run([...asRoot, ...debootstrap, suite, making, mirror() ?? ""], { log: "base-root", deadlineSeconds: 1800 });
    const options = { log: "base-root", append: true, deadlineSeconds: 900 };
    // not in debootstrap's own list: the order in which it configures Perl's packages fails there
    const environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"];
    const chroot = [...asRoot, "chroot", making, ...environment];
    await run([...chroot, "apt-get", "install", "-y", "--no-install-recommends", "nix-bin"], options);
    await run([...chroot, "apt-get", "clean"], options);
    // asked by name only: without /proc, which a plain chroot lacks, Nix does not start; the next step runs it
    for (const program of programs) await run([...chroot, "sh", "-c", `command -v ${program}`], options);
    await run([...chroot, "sh", "-c", `echo ${recipe} > /${stamp}`], options);
    exchange();
  },
};
