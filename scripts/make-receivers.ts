#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { debianMirror, readAptSources } from "./setup/apt-sources.mjs";

// Roots with the Nix of other Debian suites, into which tests/deploy/receivers pushes: `node scripts/make-receivers.ts
// [suite…]`. `npm test` makes them once; each takes a minute or two and some 330 MB of the cache. Needs root (or `sudo -n`),
// debootstrap and a mirror that apt is configured with; exits 1 with a line that says what is missing.
const deadlineMs = 10 * 60_000;
const cache = process.env["PULUMI_CLAN_CACHE"] || join(homedir(), ".cache", "pulumi-clan");
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];

const wanted = process.argv.slice(2);
const missing = (wanted.length > 0 ? wanted : ["bookworm", "sid"])
  .map((suite) => ({ suite, root: join(cache, "hosts", `receiver-${suite}`) }))
  .filter(({ root }) => !existsSync(root));
try {
  if (missing.length > 0) makeAll(readMirror());
} catch (error) {
  console.error(`make-receivers: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function readMirror(): string {
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  const mirror = process.env["PULUMI_CLAN_DEBIAN_MIRROR"] || debianMirror(readAptSources(), codename);
  if (mirror !== undefined) return mirror;
  throw new Error("no Debian mirror in apt's configuration: name one in PULUMI_CLAN_DEBIAN_MIRROR");
}

function makeAll(mirror: string): void {
  mkdirSync(join(cache, "hosts"), { recursive: true });
  for (const { suite, root } of missing) {
    console.error(`make-receivers: Debian ${suite} with its Nix, once (a minute or two)`);
    const making = `${root}.making-${process.pid}`;
    try {
      make(suite, making, mirror);
      run("mv", ["-T", making, root]);
    } finally {
      run("rm", ["-rf", "--one-file-system", making]);
    }
  }
}

function make(suite: string, root: string, mirror: string): void {
  // What debootstrap mounts goes with its own mount namespace, also when it is stopped.
  const apart = ["--mount", "--fork", "--kill-child", "debootstrap"];
  run("unshare", [...apart, "--variant=minbase", `--keyring=${keyring}`, "--include=zstd", suite, root, mirror]);
  const environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"];
  const install = ["apt-get", "install", "-y", "--no-install-recommends", "nix-bin", "openssh-server"];
  run("chroot", [root, ...environment, ...install]);
  run("chroot", [root, ...environment, "apt-get", "clean"]);
}

/** @throws {Error} with the last words of a program that fails, or does not end in time */
function run(program: string, args: readonly string[]): void {
  const [first = program, ...rest] = [...asRoot, program, ...args];
  const { status, error, stdout, stderr } = spawnSync(first, rest, {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: deadlineMs,
    killSignal: "SIGKILL",
  });
  if (status === 0) return;
  const words = `${stderr}${stdout}`.trim().split("\n").slice(-3).join("; ");
  throw new Error(`${program}: ${error?.message ?? `exit code ${status}`}: ${words}`);
}
