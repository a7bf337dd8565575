import type { z } from "zod";
import type { Report } from "../../report.ts";
import { traced } from "../../trace.ts";
import { AuthenticationError, HostKeyMismatchError } from "../errors.ts";
import type { StagedSecrets } from "../secrets/secret-source.ts";
import { connect, connectOnce } from "../ssh/connect.ts";
import { type ConnectionSpec, renderAddress } from "../ssh/connection-spec.ts";
import type { HostKey } from "../ssh/host-key.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { awaitSystem } from "./await-system.ts";
import { type DiskKeys, writeDiskKeys } from "./disk-keys.ts";
import { type ExtraFiles, installedSecrets, secretsManifest, writeExtraFiles } from "./extra-files.ts";
import { openHardwareReport } from "./hardware-report.ts";
import {
  type InstallationFacts,
  type InstallationPhase,
  readInstallationFacts,
  writeInstallationNote,
} from "./installation-facts.ts";
import { InstallationLock } from "./installation-lock.ts";
import { type Installation, type InstallationRequest, installationRequestSchema } from "./installation-request.ts";
import { type FoundAt, foreignKeyUnknown, noProgress, notAgreed, refused } from "./judged-errors.ts";
import { type LoopbackCarrier, openLoopbackCarrier } from "./loopback-carrier.ts";
import { type PhaseCall, runPhase } from "./nixos-anywhere.ts";
import { describePhase, type InstallationPlan, planInstallation, renderDisk } from "./plan-installation.ts";

/**
 * Makes a NixOS out of a machine, one phase after the other. Before each one the machine is looked at and judged anew, so
 * a second call goes on where the first one ended, and a machine that changed meanwhile is not wiped.
 * @throws {InstallationRefusedError} before anything was touched @throws {InstallationFailedError}
 * @throws {NixosAnywhereMissingError} @throws {HostKeyMismatchError} @throws {HostUnreachableError}
 */
export async function installMachine(
  raw: z.input<typeof installationRequestSchema>,
  report: Report,
  signal: AbortSignal,
): Promise<Installation> {
  const request = installationRequestSchema.parse(raw);
  await using run = new InstallationRun(request, report, signal);
  return await run.toTheEnd();
}

/** What a machine is, and what would be done with it. */
export interface Look {
  readonly plan: InstallationPlan;
  readonly facts: InstallationFacts;
  /** That it showed. */
  readonly hostKey: HostKey;
}

/** What an installation would do; nothing is touched. */
export async function planMachine(
  raw: z.input<typeof installationRequestSchema>,
  report: Report,
  signal: AbortSignal,
): Promise<Look> {
  await using run = new InstallationRun(installationRequestSchema.parse(raw), report, signal);
  return await run.look();
}

class InstallationRun implements AsyncDisposable {
  readonly #request: InstallationRequest;
  readonly #report: Report;
  readonly #signal: AbortSignal;
  readonly #stack = new AsyncDisposableStack();
  readonly #phases: InstallationPhase[] = [];
  readonly #wiped: string[] = [];
  #reported = false;
  readonly #lock: InstallationLock;
  /** Sizes of the devices as they were first seen. */
  #seen: ReadonlyMap<string, number> | undefined;
  /** The way to what answers until the last reboot; pins the key that it showed first. */
  #spec: ConnectionSpec;
  #carrier: LoopbackCarrier | undefined;

  constructor(request: InstallationRequest, report: Report, signal: AbortSignal) {
    this.#request = request;
    this.#report = report;
    this.#signal = signal;
    // It may be installed already: then it shows its declared key. Where any key is accepted, none is held against it.
    const { foreign, installed } = request;
    const open = foreign.hostKeys.length === 0 && foreign.hostKeyPolicy === "accept-new";
    const hostKeys = open ? [] : [...foreign.hostKeys, ...installed.hostKeys];
    this.#spec = { ...foreign, hostKeys, keepaliveSeconds: 5 };
    this.#lock = this.#stack.use(new InstallationLock(request.machine, request.owner, report));
  }

  async toTheEnd(): Promise<Installation> {
    for (;;) {
      const { plan, facts } = await this.look();
      switch (plan.kind) {
        case "installed":
          return this.#ended("already", facts);
        case "refuse":
          throw refused(this.#found(facts), plan.obstacles, this.#wiped.length > 0);
        case "reached":
          await this.#reportHardware(facts);
          return this.#ended("stopped", facts);
        case "run": {
          const [phase] = plan.phases;
          if (!this.#request.agreed) throw notAgreed(this.#found(facts));
          if (this.#phases.includes(phase)) throw noProgress(this.#found(facts), phase);
          if (await this.#lock.take(this.#spec, facts.bootId, this.#signal)) continue; // what was seen may be others' work
          if (phase !== "kexec") await this.#reportHardware(facts);
          if (this.#phases.length === 0 && plan.phases.includes("install"))
            await this.#proveFiles(plan.phases.includes("disko"));
          this.#say("info", phase, describePhase(phase, plan.wipes));
          const work = { kind: "phase", subject: this.#request.machine, what: phase } as const;
          const after = await traced(work, () => this.#run(phase, facts, plan.wipes.map(renderDisk)));
          this.#phases.push(phase);
          if (phase === "reboot") return this.#ended("installed", after);
          if (phase === this.#request.until) return this.#ended("stopped", after);
        }
      }
    }
  }

  async look(): Promise<Look> {
    await using host = await this.#dial((spec) => connect(spec, this.#report, this.#signal));
    this.#spec = {
      ...this.#spec,
      user: host.spec.user,
      hostKeys: [{ key: host.hostKey, source: "shown by the machine when the installation began" }],
    };
    const seen = await readInstallationFacts(host, this.#request.devices, this.#signal);
    // nixos-anywhere has nobody to ask for the password that we may know.
    const facts = { ...seen, root: seen.root && !(await host.asksForPassword(this.#signal)) };
    this.#seen ??= new Map(
      facts.devices.flatMap(({ path, sizeBytes }) => (sizeBytes === null ? [] : [[path, sizeBytes]])),
    );
    // Kexec carries the host keys over: an installer with the old system's key was started from that system.
    const declared = this.#request.installed.hostKeys.some(({ key }) => key === host.hostKey);
    const pinned = this.#request.foreign.hostKeys.some(({ key }) => key === host.hostKey);
    const plan = planInstallation(facts, { ...this.#request, seen: this.#seen }, pinned && !declared);
    return { plan, facts, hostKey: host.hostKey };
  }

  async #run(
    phase: InstallationPhase,
    before: InstallationFacts,
    wipes: readonly string[],
  ): Promise<InstallationFacts> {
    const { devices, deadlines, toplevel } = this.#request;
    switch (phase) {
      case "kexec": {
        await this.#spawn(phase, deadlines.kexecSeconds, this.#signal);
        const is = ({ os, bootId }: InstallationFacts): boolean => os === "installer" && bootId !== before.bootId;
        const awaited = { what: "the installer", is, deadlineSeconds: 120 };
        const facts = await awaitSystem({ ...this.#spec, user: "root" }, devices, awaited, this.#signal);
        await this.#note("kexec");
        return facts;
      }
      case "disko":
        this.#wiped.push(...wipes);
        await this.#lock.during((scope) => this.#disko(deadlines.diskoSeconds, scope), this.#signal);
        await this.#note("disko");
        return before;
      case "install":
        await this.#lock.during((scope) => this.#install(deadlines.installSeconds, scope), this.#signal);
        await this.#note("install");
        return before;
      case "reboot": {
        this.#carrier?.letGo();
        await this.#spawn(phase, deadlines.rebootSeconds, this.#signal);
        const is = ({ os, bootId, current }: InstallationFacts): boolean =>
          os === "nixos" && bootId !== before.bootId && current === toplevel;
        const awaited = { what: "the installed system", is, deadlineSeconds: deadlines.rebootSeconds };
        return awaitSystem(this.#request.installed, devices, awaited, this.#signal);
      }
    }
  }

  /** In an installer nixos-anywhere takes kexec for done, and reports. */
  async #reportHardware({ bootId }: InstallationFacts): Promise<void> {
    const { hardwareReport, deadlines } = this.#request;
    if (hardwareReport === undefined || this.#reported) return;
    await this.#lock.take(this.#spec, bootId, this.#signal);
    await this.#spawn("kexec", deadlines.kexecSeconds, this.#signal);
  }

  /** A secret that cannot be opened is no reason to wipe a machine first. */
  async #proveFiles(formats: boolean): Promise<void> {
    await using _keys = formats ? await this.#diskKeys() : undefined;
    await using _extra = await this.#extraFiles(); // they lie there again only while they are copied
  }

  async #disko(deadlineSeconds: number, signal: AbortSignal): Promise<void> {
    await using keys = await this.#diskKeys();
    await this.#spawn("disko", deadlineSeconds, signal, { diskKeys: keys.paths });
  }

  async #install(deadlineSeconds: number, signal: AbortSignal): Promise<void> {
    await using extra = await this.#extraFiles();
    await this.#spawn("install", deadlineSeconds, signal, { extraFiles: extra.folder });
  }

  /** The machine's identity, and what tells later runs whose it is. */
  async #extraFiles(): Promise<ExtraFiles> {
    const { machine, owner, files, toplevel, reinstall = null } = this.#request;
    const text = (path: string, value: unknown) => {
      return { path, mode: "0600", read: async () => Buffer.from(`${JSON.stringify(value)}\n`) };
    };
    const staged = await this.#staged();
    const more = await files?.stage(machine, this.#signal);
    return await writeExtraFiles([
      ...(staged === undefined ? [] : [...installedSecrets(staged), ...secretsManifest(staged)]),
      ...(more === undefined ? [] : installedSecrets(more)),
      text("/nix/var/pulumi-clan/owner.json", { ...owner, machine }),
      text("/nix/var/pulumi-clan/installation.json", { reinstall, toplevel }),
    ]);
  }

  async #diskKeys(): Promise<DiskKeys> {
    const { machine, diskKeys } = this.#request;
    return await writeDiskKeys(machine, (await this.#staged())?.diskKeys ?? [], diskKeys);
  }

  async #staged(): Promise<StagedSecrets | undefined> {
    return await this.#request.secrets?.stage(this.#request.machine, this.#signal);
  }

  async #spawn(
    phase: InstallationPhase,
    deadlineSeconds: number,
    signal: AbortSignal,
    more: Partial<PhaseCall> = {},
  ): Promise<void> {
    const { machine, command, diskoScript, toplevel, kexec, hardwareReport } = this.#request;
    const { user, identityFiles } = this.#spec;
    this.#carrier ??= this.#stack.use(await this.#openCarrier());
    await using reported = phase === "kexec" && hardwareReport !== undefined ? await openHardwareReport() : undefined;
    const report = reported === undefined ? {} : { hardwareReport: reported.file };
    const call = {
      phase,
      diskoScript,
      toplevel,
      kexec,
      user,
      identityFile: identityFiles[0],
      ...report,
      ...more,
    };
    const { port } = this.#carrier;
    await runPhase({ machine, command, deadlineSeconds }, { ...call, port }, this.#report, signal);
    if (reported !== undefined && hardwareReport !== undefined) {
      await reported.keep(hardwareReport);
      this.#reported = true;
      this.#say("info", phase, `hardware report in ${hardwareReport}: commit it, or the system may not find its disks`);
    }
  }

  #openCarrier(): Promise<LoopbackCarrier> {
    const dial = (scope: AbortSignal) => this.#dial((spec) => connectOnce(spec, 15_000, scope));
    const onFailure = (reason: string): void => this.#say("debug", "carry", reason);
    return openLoopbackCarrier({ dial, sshPort: this.#spec.port, onFailure }, this.#signal);
  }

  /** Who logs in as somebody else before kexec is root in the installer. */
  async #dial(open: (spec: ConnectionSpec) => Promise<SshHost>): Promise<SshHost> {
    try {
      return await open(this.#spec);
    } catch (error) {
      const nothingKnown = this.#request.foreign.hostKeys.length === 0 && this.#seen === undefined;
      if (error instanceof HostKeyMismatchError && nothingKnown) throw foreignKeyUnknown(this.#request.machine, error);
      if (!(error instanceof AuthenticationError) || this.#spec.user === "root") throw error;
      return await open({ ...this.#spec, user: "root" });
    }
  }

  async #note(after: "kexec" | "disko" | "install"): Promise<void> {
    const { machine, diskoScript, toplevel } = this.#request;
    await using host = await this.#dial((spec) => connect(spec, this.#report, this.#signal));
    await writeInstallationNote(host, { machine, after, diskoScript, toplevel }, this.#signal);
  }

  #say(level: "debug" | "info", phase: string, message: string): void {
    this.#report({ level, subject: this.#request.machine, phase, message });
  }

  #ended(kind: Installation["kind"], { machineId, bootId, current }: InstallationFacts): Installation {
    const { machine } = this.#request;
    return { kind, machine, phases: this.#phases, wiped: this.#wiped, machineId, bootId, current };
  }

  /** Words about what was found there. */
  #found(facts: InstallationFacts): FoundAt {
    return { machine: this.#request.machine, address: renderAddress(this.#spec), facts };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
