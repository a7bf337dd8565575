import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { runCommand } from "../../../sim/hosts/run-command.ts";

const cache = process.env["PULUMI_CLAN_CACHE"] ?? join(homedir(), ".cache", "pulumi-clan");

/** The root of a Debian suite with Nix and sshd; undefined: it was not made on this machine. */
export function receiverRoot(suite: string): string | undefined {
  const names = suite === "trixie" ? ["base-trixie"] : [`receiver-${suite}`];
  return names.map((name) => join(cache, "hosts", name)).find((root) => existsSync(join(root, "usr/sbin/sshd")));
}

/** An sshd of another Debian suite with that suite's Nix: a changed root over a folder of its own, no system around it. */
export class RootReceiver implements AsyncDisposable {
  readonly spec: ConnectionSpec;
  readonly #folder: string;
  /** Its file system, as seen from outside. */
  readonly root: string;
  readonly #sshd: ChildProcess;

  private constructor(folder: string, root: string, spec: ConnectionSpec, sshd: ChildProcess) {
    this.#folder = folder;
    this.root = root;
    this.spec = spec;
    this.#sshd = sshd;
  }

  static async start(base: string, port: number, signal: AbortSignal): Promise<RootReceiver> {
    const folder = await mkdtemp(join(tmpdir(), "receiver-"));
    const root = join(folder, "root");
    try {
      await mountRoot(base, folder, root, signal);
      const identity = join(folder, "identity");
      const hostKey = join(root, "etc/ssh/receiver_key");
      await mkdir(join(root, "etc/ssh"), { recursive: true });
      for (const file of [identity, hostKey]) {
        await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], {}, signal);
      }
      await mkdir(join(root, "root/.ssh"), { recursive: true, mode: 0o700 });
      await writeFile(join(root, "root/.ssh/authorized_keys"), await readFile(`${identity}.pub`), { mode: 0o600 });
      const sshd = await startSshd(root, port, signal);
      const key = (await readFile(`${hostKey}.pub`, "utf8")).trim();
      const spec = connectionSpecSchema.parse({
        machine: "receiver",
        address: "127.0.0.1",
        port,
        identityFiles: [identity],
        hostKeys: [{ key, source: "test" }],
      });
      return new RootReceiver(folder, root, spec, sshd);
    } catch (error) {
      await unmount(folder, root);
      throw error;
    }
  }

  /** Runs a command in the root, not over ssh; what it wrote to stdout. */
  ask(command: string, signal: AbortSignal): Promise<string> {
    return runCommand("chroot", [this.root, "/bin/sh", "-c", command], {}, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#sshd.exitCode === null) {
      const ended = once(this.#sshd, "exit");
      this.#sshd.kill();
      await ended;
    }
    await unmount(this.#folder, this.root);
  }
}

async function mountRoot(base: string, folder: string, root: string, signal: AbortSignal): Promise<void> {
  const disk = join(folder, "disk");
  for (const path of [root, disk]) await mkdir(path);
  await runCommand("mount", ["-t", "tmpfs", "-o", "size=1g,mode=0755", "receiver", disk], {}, signal);
  const [upper, work] = [join(disk, "upper"), join(disk, "work")];
  for (const path of [upper, work]) await mkdir(path);
  const options = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
  await runCommand("mount", ["-t", "overlay", "-o", options, "receiver", root], {}, signal);
  // Nix does not start without /proc, sshd not without /dev/null.
  await runCommand("mount", ["-t", "proc", "proc", join(root, "proc")], {}, signal);
  await runCommand("mount", ["--bind", "/dev", join(root, "dev")], {}, signal);
}

async function unmount(folder: string, root: string): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  // Lazily and from the inside out; what was never mounted is no mistake here.
  const script = 'for at in "$1/dev" "$1/proc" "$1" "$2/disk"; do umount -l "$at" 2>/dev/null; done; true';
  await runCommand("sh", ["-c", script, "sh", root, folder], {}, signal);
  await rm(folder, { recursive: true, force: true });
}

async function startSshd(root: string, port: number, signal: AbortSignal): Promise<ChildProcess> {
  await mkdir(join(root, "run/sshd"), { recursive: true, mode: 0o755 });
  const options = ["UsePAM=no", "PermitRootLogin=prohibit-password", "ListenAddress=127.0.0.1", "PidFile=none"];
  const args = ["-D", "-e", "-f", "/dev/null", "-p", String(port), "-h", "/etc/ssh/receiver_key"];
  const command = [root, "/usr/sbin/sshd", ...args, ...options.flatMap((option) => ["-o", option])];
  const sshd = spawn("chroot", command, { stdio: ["ignore", "ignore", "pipe"], signal: undefined });
  const listening = (async () => {
    let said = "";
    for await (const chunk of sshd.stderr ?? []) {
      said += String(chunk);
      if (said.includes("Server listening")) return;
    }
    throw new Error(`sshd does not start: ${said}`);
  })();
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  await Promise.race([listening, aborted.promise]);
  return sshd;
}
