import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { installMachine, planMachine } from "../../../deploy/installation/install-machine.ts";
import type { installationRequestSchema } from "../../../deploy/installation/installation-request.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { runCommand } from "../../../sim/hosts/run-command.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation } from "../../sim/hosts/own-simulation.ts";
import { addFixtureSystem } from "./fixture-system.ts";
import { testSecrets } from "./secrets.ts";
import { patience } from "./signals.ts";

const standIn = join(import.meta.dirname, "../../../sim/nixos-anywhere");

const sudo = `#!/usr/lib/simulated-host/root-shell -p
silent=
while [ $# -gt 0 ]; do
  case $1 in
    -n) silent=yes ;;
    -k | -S) ;;
    -p) shift ;;
    --) shift && break ;;
    *) break ;;
  esac
  shift
done
if [ -e /usr/lib/simulated-host/sudo-asks ]; then
  [ -z "$silent" ] || { echo "sudo: a password is required" >&2; exit 1; }
  IFS= read -r word
  [ "$word" = "hunter 2" ] || exit 1
fi
SUDO_USER=$(id -run) exec setpriv --reuid=0 --regid=0 --clear-groups -- "$@"
`;

type Request = z.input<typeof installationRequestSchema>;

/** A simulated Debian, and what shall be installed on it: system, disk layout, host key and age key. */
export class MachineToInstall implements AsyncDisposable {
  readonly host: SimHost;
  readonly toplevel: StorePath;
  /** What was told since the last run began. */
  readonly events: FleetEvent[] = [];
  readonly #listeners: ((event: FleetEvent) => void)[] = [];
  readonly #simulation: OwnSimulation;
  readonly #diskoScript: StorePath;
  readonly #hostKey: { readonly secret: string; readonly open: string };

  private constructor(
    simulation: OwnSimulation,
    host: SimHost,
    paths: { readonly toplevel: StorePath; readonly diskoScript: StorePath },
    hostKey: { readonly secret: string; readonly open: string },
  ) {
    this.#simulation = simulation;
    this.host = host;
    this.toplevel = paths.toplevel;
    this.#diskoScript = paths.diskoScript;
    this.#hostKey = hostKey;
  }

  static async start(): Promise<MachineToInstall> {
    const simulation = await ownSimulation();
    try {
      const host = await startHost(simulation.host("debian"), patience(), simulation.state);
      const toplevel = await addFixtureSystem({ name: "installed", class: "nixos" }, patience());
      return new MachineToInstall(
        simulation,
        host,
        { toplevel, diskoScript: await addDiskoScript() },
        await makeHostKey(),
      );
    } catch (error) {
      await simulation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The way to the installed system. */
  get installed(): ConnectionSpec {
    return this.#way(this.#hostKey.open, "vars");
  }

  /** The way to the system that is replaced. */
  foreign(more: Partial<z.input<typeof connectionSpecSchema>> = {}): z.input<typeof connectionSpecSchema> {
    return { ...this.#way(this.host.hostKey, "guest attributes"), ...more };
  }

  #way(key: string, source: string): ConnectionSpec {
    const { name, address, identityFile } = this.host;
    const hostKeys = [{ key: parseHostKey(key), source }];
    return connectionSpecSchema.parse({ machine: name, address, identityFiles: [identityFile], hostKeys });
  }

  /**
   * A login user whose sudo asks nothing, or for the password `hunter 2`. The base image has no sudo: a shell of root's
   * stands in, which knows the arguments that are given to it here.
   */
  async addUser(name: string, asks: boolean): Promise<void> {
    await this.ask(
      `id ${name} >/dev/null 2>&1 || { useradd -m ${name} && cp -r /root/.ssh /home/${name}/ && chown -R ${name} /home/${name}/.ssh; }
       install -m 4755 /bin/bash /usr/lib/simulated-host/root-shell
       cat >/usr/bin/sudo <<'END'
${sudo}END
       chmod 755 /usr/bin/sudo; rm -f /usr/lib/simulated-host/sudo-asks; ${asks ? "touch /usr/lib/simulated-host/sudo-asks" : ":"}`,
    );
  }

  /** Its secrets: no word of them may be told. */
  readonly ageKey = "AGE-SECRET-KEY-1TESTTESTTEST";

  async #request(more: Partial<Request>): Promise<Request> {
    const { name, identityFile, hostKey } = this.host;
    const secrets = testSecrets({
      identities: { "/var/lib/sops-nix/key.txt": `${this.ageKey}\n` },
      files: {
        "/etc/ssh/ssh_host_ed25519_key": this.#hostKey.secret,
        "/root/.ssh/authorized_keys": await readFile(`${identityFile}.pub`, "utf8"),
      },
    });
    return {
      machine: name,
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      foreign: this.#way(hostKey, "guest attributes"),
      installed: this.installed,
      diskoScript: this.#diskoScript,
      toplevel: this.toplevel,
      devices: ["/dev/sda"],
      owner: { project: "fleet", stack: "test" },
      secrets: { stage: () => Promise.resolve(secrets) },
      command: [join(standIn, "nixos-anywhere")],
      ...more,
    };
  }

  /** Waits for an event. */
  told(is: (event: FleetEvent) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const scope = patience();
    scope.addEventListener("abort", () => reject(scope.reason), { once: true });
    this.#listeners.push((event) => {
      if (is(event)) resolve();
    });
    return promise;
  }

  /** @param fault - of the stand-in, e.g. `after-disko`. */
  async install(
    more: Partial<Request> = {},
    fault = "",
    signal: AbortSignal = AbortSignal.timeout(300_000),
  ): ReturnType<typeof installMachine> {
    this.events.length = 0;
    const request = await this.#request({
      command: ["env", `SIM_NIXOS_ANYWHERE_FAULT=${fault}`, join(standIn, "nixos-anywhere")],
      ...more,
    });
    const report = (event: FleetEvent): void => {
      this.events.push(event);
      for (const listener of this.#listeners) listener(event);
    };
    return installMachine(request, report, signal);
  }

  async plan(more: Partial<Request> = {}): ReturnType<typeof planMachine> {
    return planMachine(await this.#request(more), (event) => this.events.push(event), patience());
  }

  /** Asks the host itself, not over ssh. */
  async ask(command: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.host.exec(command, patience());
    assert.equal(exitCode, 0, `${command}: ${stderr}`);
    return stdout.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulation[Symbol.asyncDispose]();
  }
}

async function addDiskoScript(): Promise<StorePath> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "disko");
  const text = await readFile(join(standIn, "../system/scripts/disko.sh"), "utf8");
  await writeFile(file, text.replace("@devices@", "/dev/sda"), { mode: 0o755 });
  const args = ["store", "add", "--name", "disko", file];
  return parseStorePath((await runNix(args, { signal: patience() })).trim());
}

async function makeHostKey(): Promise<{ readonly secret: string; readonly open: string }> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "key");
  await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file], {}, patience());
  return { secret: await readFile(file, "utf8"), open: await readFile(`${file}.pub`, "utf8") };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "install-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
