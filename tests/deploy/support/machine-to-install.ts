import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { type MachineSecrets, readMachineSecrets } from "../../../clan/vars/machine-secrets.ts";
import { installMachine, planMachine } from "../../../deploy/installation/install-machine.ts";
import type { installationRequestSchema } from "../../../deploy/installation/installation-request.ts";
import type { SecretSource } from "../../../deploy/secrets/secret-source.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { runNix } from "../../../local-nix/nix-command.ts";
import { parseStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { type InstallationInputs, installationInputsSchema } from "../../../providers/installation-schema.ts";
import type { FleetEvent } from "../../../report.ts";
import { runCommand } from "../../../sim/hosts/run-command.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { clanSecrets } from "../../../stack/clan-secrets.ts";
import { ClanFolder } from "../../clan/vars/support/clan-folder.ts";
import { type OwnSimulation, ownSimulation } from "../../sim/hosts/own-simulation.ts";
import { addFixtureSystem } from "./fixture-system.ts";
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
  readonly #hostKey: HostKeyPair;
  readonly #vars: MachineVars;

  private constructor(
    simulation: OwnSimulation,
    host: SimHost,
    paths: { readonly toplevel: StorePath; readonly diskoScript: StorePath },
    hostKey: HostKeyPair,
    vars: MachineVars,
  ) {
    this.#simulation = simulation;
    this.host = host;
    this.toplevel = paths.toplevel;
    this.#diskoScript = paths.diskoScript;
    this.#hostKey = hostKey;
    this.#vars = vars;
  }

  static async start(): Promise<MachineToInstall> {
    const simulation = await ownSimulation();
    try {
      const host = await startHost(simulation.host("debian"), patience(), simulation.state);
      const toplevel = await addFixtureSystem({ name: "installed", class: "nixos" }, patience());
      const paths = { toplevel, diskoScript: await addDiskoScript() };
      const hostKey = await makeHostKey();
      return new MachineToInstall(simulation, host, paths, hostKey, await makeVars(host, hostKey));
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

  /** The clan's vars for it: key, host key and who may log in, really encrypted to the operator. */
  get secrets(): SecretSource {
    const { name } = this.host;
    const whole = { machine: name, secrets: this.#vars.secrets, toplevel: this.toplevel, hostKeys: [] };
    return clanSecrets(whole, this.#vars.clan.findKeys);
  }

  /** The machine's own: no word of it may be told. */
  get ageKey(): string {
    return this.#vars.ageKey;
  }

  async #request(more: Partial<Request>): Promise<Request> {
    const { name, hostKey } = this.host;
    return {
      machine: name,
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      foreign: this.#way(hostKey, "guest attributes"),
      installed: this.installed,
      diskoScript: this.#diskoScript,
      toplevel: this.toplevel,
      devices: ["/dev/sda"],
      owner: { project: "fleet", stack: "test" },
      secrets: this.secrets,
      command: [join(standIn, "nixos-anywhere")],
      ...more,
    };
  }

  /** As a program declares it. */
  async inputs(): Promise<InstallationInputs> {
    const { name, address, identityFile } = this.host;
    const { system, toplevel, diskoScript: script, devices } = await this.#request({});
    return installationInputsSchema.parse({
      machine: name,
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: this.installed.hostKeys,
      foreignHostKeys: this.foreign().hostKeys,
      connectDeadlineSeconds: 20,
      owner: { project: "fleet", stack: "test" },
      reportTo: "",
      system,
      toplevel,
      drvPath: `${toplevel}.drv`,
      disko: { drvPath: `${script}.drv`, script, devices },
      diskKeys: {},
      program: "nixos-anywhere",
      power: "on",
    });
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
    await this.#vars.clan[Symbol.asyncDispose]();
  }
}

/** Of an encrypted disk, as the clan keeps it. */
export const diskKeyOfVars = "key that the clan keeps";

interface HostKeyPair {
  readonly secret: string;
  readonly open: string;
}

/** What the clan keeps for one machine. */
interface MachineVars {
  readonly clan: ClanFolder;
  readonly secrets: MachineSecrets;
  readonly ageKey: string;
}

async function makeVars({ name, identityFile }: SimHost, hostKey: HostKeyPair): Promise<MachineVars> {
  const clan = await ClanFolder.create();
  const { identity, recipient } = await clan.keyFor(name);
  const before = { secret: true, deploy: true, neededFor: "activation" };
  const files = {
    "ssh.id_ed25519": { ...before, path: "/etc/ssh/ssh_host_ed25519_key" },
    authorized_keys: { ...before, path: "/root/.ssh/authorized_keys" },
  };
  const contents = { "ssh.id_ed25519": hostKey.secret, authorized_keys: await readFile(`${identityFile}.pub`, "utf8") };
  await clan.seal(`vars/per-machine/${name}/zfs/key/secret`, diskKeyOfVars, [clan.operator.recipient]);
  for (const [file, content] of Object.entries(contents))
    await clan.seal(`vars/per-machine/${name}/login/${file}/secret`, content, [clan.operator.recipient, recipient]);
  const key = { ...before, neededFor: "partitioning", path: "/run/partitioning-secrets/zfs/key" };
  const generators = { login: { share: false, files }, zfs: { share: false, files: { key } } };
  const secrets = await readMachineSecrets(clan.root, name, { generators, settings: null });
  assert.ok(secrets);
  return { clan, secrets, ageKey: identity };
}

async function addDiskoScript(): Promise<StorePath> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "disko");
  const text = await readFile(join(standIn, "../system/scripts/disko.sh"), "utf8");
  await writeFile(file, text.replace("@devices@", "/dev/sda"), { mode: 0o755 });
  const args = ["store", "add", "--name", "disko", file];
  return parseStorePath((await runNix(args, { signal: patience() })).trim());
}

async function makeHostKey(): Promise<HostKeyPair> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "key");
  await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file], {}, patience());
  return { secret: await readFile(file, "utf8"), open: await readFile(`${file}.pub`, "utf8") };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "install-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
