#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { debianMirror, readAptSources } from "./setup/apt-sources.mjs";

// Optional: roots with the Nix of other Debian suites, into which tests/deploy/receivers pushes. As root, on Debian:
// `node scripts/make-receivers.ts [suite…]`; each takes a minute or two and some 400 MB of the cache.
const cache = process.env["PULUMI_CLAN_CACHE"] || join(homedir(), ".cache", "pulumi-clan");
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const codename = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
const mirror = process.env["PULUMI_CLAN_DEBIAN_MIRROR"] || debianMirror(readAptSources(), codename);
if (mirror === undefined)
  throw new Error("no Debian mirror in apt's configuration: name one in PULUMI_CLAN_DEBIAN_MIRROR");

const wanted = process.argv.slice(2);
for (const suite of wanted.length > 0 ? wanted : ["bookworm", "sid"]) {
  const root = join(cache, "hosts", `receiver-${suite}`);
  if (existsSync(root)) continue;
  const making = `${root}.making`;
  rmSync(making, { recursive: true, force: true });
  run("debootstrap", ["--variant=minbase", `--keyring=${keyring}`, "--include=zstd", suite, making, mirror]);
  const environment = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C"];
  run("chroot", [
    making,
    ...environment,
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "nix-bin",
    "openssh-server",
  ]);
  run("chroot", [making, ...environment, "apt-get", "clean"]);
  writeFileSync(join(making, "usr/share/pulumi-clan-receiver"), `${suite}\n`);
  renameSync(making, root);
  console.log(root);
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(" ")}: exit code ${status}`);
}
