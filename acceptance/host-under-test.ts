import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { activationPolicySchema } from "../deploy/activation/policy.ts";
import { hostScript, printingFunction } from "../deploy/activation/scripts.ts";
import { storePathSchema } from "../deploy/activation/transaction.ts";
import { type DeploymentRequest, deployMachine, deploymentRequestSchema } from "../deploy/deploy-machine.ts";
import { ConnectionLostError, HostUnreachableError, RemoteDeadlineError } from "../deploy/errors.ts";
import { type HostFacts, type MachineClass, readFacts } from "../deploy/host-facts.ts";
import { composeScript, composeText } from "../deploy/host-script.ts";
import { HostSession } from "../deploy/host-session.ts";
import { type Generation, readGenerations } from "../deploy/observation/generations.ts";
import type { Outcome } from "../deploy/outcome.ts";
import { rootShell } from "../deploy/root-shell.ts";
import { connect } from "../deploy/ssh/connect.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import { type ConnectionSpec, renderAddress } from "../deploy/ssh/connection-spec.ts";
import type { ExecResult } from "../deploy/ssh/ssh-host.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { FleetEvent, Report } from "../report.ts";
import { VariantError } from "./errors.ts";
import { type Found, parseLines } from "./target.ts";

/** How a variant differs from the system that was found. */
export type Change = "same" | "unit" | "failing-unit" | "failing-activation" | "cut-off";

/** Name of the variants' unit, and of the Mac's daemon. */
export const variantUnit = "pulumi-clan-acceptance";

export interface DeployOptions {
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Another way to the same host. */
  readonly connection?: Partial<Pick<ConnectionSpec, "address" | "port" | "hostKeyAlias">>;
  readonly onEvent?: (event: FleetEvent) => void;
}

/** What a host that is going down or coming up may say. */
const passing = [ConnectionLostError, HostUnreachableError, RemoteDeadlineError];

const text = (file: string): string => readFileSync(new URL(`./host/${file}`, import.meta.url), "utf8");
const scripts = (name: string): readonly URL[] => [new URL(`./host/${name}.sh`, import.meta.url)];

/** The host that is tried on: what is deployed to it, and its own word on what came of that. */
export class HostUnderTest implements AsyncDisposable {
  readonly class: MachineClass;
  readonly found: Found;
  readonly #system: string;
  readonly #spec: ConnectionSpec;
  readonly #report: Report;
  readonly #pool = new ConnectionPool();
  readonly #variants = new Map<string, StorePath>();

  constructor(spec: ConnectionSpec, machineClass: MachineClass, system: string, found: Found, report: Report) {
    this.#spec = spec;
    this.class = machineClass;
    this.#system = system;
    this.found = found;
    this.#report = report;
  }

  get spec(): ConnectionSpec {
    return this.#spec;
  }

  /** Builds it on the host the first time. @param label - variants with the same change differ by it. @throws {VariantError} */
  async variant(change: Change, label: string, signal: AbortSignal): Promise<StorePath> {
    const root = `${change}-${label}`;
    const known = this.#variants.get(root);
    if (known !== undefined) return known;
    this.#report({ level: "info", subject: this.#spec.machine, phase: "variant", message: `building ${root}` });
    const definitions = [
      printingFunction("variant_nix", text("variant.nix")),
      printingFunction("variant_builder", text("build-variant.sh")),
    ].join("");
    const result = await this.#run(
      {
        name: "pulumi-clan acceptance variant",
        text: `{\n${definitions}${composeText(scripts("variant"))}\nexit\n}\n`,
        args: [this.found.toplevel, change, root],
      },
      600,
      signal,
    );
    const path = storePathSchema.safeParse(result.stdout.trim());
    if (result.code !== 0 || !path.success) throw this.#notBuilt(root, result);
    this.#variants.set(root, path.data);
    return path.data;
  }

  request(toplevel: StorePath, { policy = {}, connection = {} }: DeployOptions = {}): DeploymentRequest {
    return deploymentRequestSchema.parse({
      machine: this.#spec.machine,
      connection: { ...this.#spec, ...connection },
      class: this.class,
      system: this.#system,
      toplevel,
      policy: activationPolicySchema.parse(policy),
      owner: { project: "pulumi-clan", stack: "acceptance" },
    });
  }

  /** As `fleet deploy --toplevel` does. */
  deploy(toplevel: StorePath, options: DeployOptions, signal: AbortSignal): Promise<Outcome> {
    const report: Report = (event) => {
      options.onEvent?.(event);
      this.#report(event);
    };
    return deployMachine(this.request(toplevel, options), report, signal);
  }

  /** By a connection that is made for it: that it can be made is part of the answer. */
  async facts(signal: AbortSignal): Promise<HostFacts> {
    await using host = await connect(this.#spec, this.#report, signal);
    return await readFacts(host, { class: this.class }, signal);
  }

  async generations(signal: AbortSignal): Promise<readonly Generation[]> {
    await using host = await connect(this.#spec, this.#report, signal);
    return await readGenerations(host, signal);
  }

  /** Whether the variants' unit (daemon) is there and active, and which files of ours. */
  async look(signal: AbortSignal): Promise<{ readonly unit: boolean; readonly traces: readonly string[] }> {
    const { stdout } = await this.#run(composeScript("acceptance look", scripts("look"), [variantUnit]), 60, signal);
    const values = parseLines(stdout);
    const unit = this.class === "darwin" ? values("daemon")[0] === "yes" : values("unit")[0] === "active";
    return { unit, traces: [...values("folder"), ...values("root")] };
  }

  /** `arm`: whatever becomes of us, sshd is started again in 15 minutes; `disarm`: no longer. */
  async safetyNet(action: "arm" | "disarm", signal: AbortSignal): Promise<void> {
    const script = composeScript("acceptance safety net", scripts("safety-net"), [action]);
    this.#mustBeZero(await this.#run(script, 60, signal), "the safety net");
  }

  /** Orderly. Resolves when it answers in another boot. @throws {Error} when it does not before the signal */
  async reboot(signal: AbortSignal): Promise<void> {
    const before = await this.facts(signal);
    for (;;) {
      try {
        // For that boot only: asked a second time, in the next one, it does nothing.
        await this.#run(hostScript("reboot", [before.bootId]), 60, signal);
        if ((await this.facts(signal)).bootId !== before.bootId) return;
      } catch (error) {
        signal.throwIfAborted();
        if (!passing.some((kind) => error instanceof kind)) throw error;
      }
      await sleep(1_000, undefined, { signal });
    }
  }

  /** Writes down on the host how it was found. */
  async note(signal: AbortSignal): Promise<void> {
    const script = composeScript("acceptance note", scripts("note"), [JSON.stringify(this.found), this.found.toplevel]);
    this.#mustBeZero(await this.#run(script, 60, signal), "note");
  }

  /** Takes away what a run left, once the system that was found runs. @returns store paths that stay for the next collection. */
  async removeTraces(signal: AbortSignal): Promise<readonly string[]> {
    const { toplevel, generation, highestGeneration, hasLoader } = this.found;
    const args = [toplevel, String(generation), String(highestGeneration), hasLoader ? "yes" : "no"];
    const result = await this.#run(composeScript("acceptance restore", scripts("restore"), args), 600, signal);
    this.#mustBeZero(result, "restore");
    return parseLines(result.stdout)("left");
  }

  async #run(
    script: Parameters<ReturnType<typeof rootShell>["exec"]>[0],
    deadlineSeconds: number,
    signal: AbortSignal,
  ): Promise<ExecResult> {
    const session = new HostSession(this.#pool, this.#spec, 120, this.#report);
    await session.facts({ class: this.class }, signal); // decides between root and sudo
    return rootShell(session).exec(script, { deadlineSeconds }, signal);
  }

  #mustBeZero({ code, stderr }: ExecResult, what: string): void {
    if (code !== 0)
      throw new Error(`${what} on the host ended with ${code ?? "a signal"}: ${stderr.trim().slice(-1_000)}`);
  }

  #notBuilt(root: string, { code, stderr, stdout }: ExecResult): VariantError {
    return new VariantError({
      summary: `${this.#spec.machine}: the variant ${root} of its system could not be built there`,
      expected: "a store path",
      found: (stderr || stdout).trim().split("\n").slice(-8).join("\n") || `exit code ${code ?? "none"}`,
      at: renderAddress(this.#spec),
      fix: "this system is made in a way that acceptance/host/build-variant.sh does not know: report its shape",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
