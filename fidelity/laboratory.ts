import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MachineClass } from "../clan/fleet-model.ts";
import type { MachinePlan } from "../clan/plan/machine-plan.ts";
import { encodeProvenance, type Provenance } from "../clan/plan/provenance.ts";
import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import { activationPolicySchema } from "../deploy/activation/policy.ts";
import { parseHostKey } from "../deploy/ssh/host-key.ts";
import { readPropertyLists } from "../deploy/units/launchd.ts";
import { readUnitFolder } from "../deploy/units/unit-folder.ts";
import { parseStorePath } from "../local-nix/store-path.ts";
import { HostAfterError } from "../providers/host-after-error.ts";
import { observedOf } from "../providers/host-observation.ts";
import { knownBy } from "../providers/known-machines.ts";
import { create, diff, update } from "../providers/system-closure.impl.ts";
import type { ClosureInputs, ClosureOutputs, Observed } from "../providers/system-closure-schema.ts";
import type { HostSpec } from "../sim/hosts/host-spec.ts";
import { simState } from "../sim/hosts/sim-state.ts";
import { type SimHost, startHost } from "../sim/hosts/simulated-host.ts";
import { bringDown } from "../sim/hosts/simulation.ts";
import { LocalSystems } from "../stack/plan/local-systems.ts";
import { askForPlan } from "../stack/plan/look-for-plan.ts";
import { isOther, planMachine } from "../stack/plan/plan-machine.ts";
import { closureType } from "../stack/stack-state.ts";
import { type Built, buildSystems, nameOf, platformOf } from "./build-systems.ts";
import { ClanKeys } from "./clan-keys.ts";
import { type Happened, judgePlan, type Statement } from "./compare.ts";
import type { Feature } from "./features.ts";
import { type Snapshot, takeSnapshot } from "./host-snapshot.ts";
import type { Scenario } from "./scenarios.ts";

/** A scenario, and how true its plan was. */
export interface Told {
  readonly name: string;
  readonly plan: MachinePlan;
  readonly statements: readonly Statement[];
  /** Kind of the deployment's outcome; null: none was made. */
  readonly outcome: string | null;
}

/** One simulated host, the systems of all scenarios, and the state that the provider leaves of it. Disposal removes all of it. */
export class Laboratory implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #host: SimHost;
  readonly #class: MachineClass;
  readonly #keys: ClanKeys;
  readonly #systems: ReadonlyMap<string, Built>;
  #state: ClosureOutputs | undefined;
  #inputs: ClosureInputs | undefined;
  #secrets: MachineSecrets | null = null;
  #made: readonly Feature[] = [];

  private constructor(host: SimHost, machineClass: MachineClass, keys: ClanKeys, systems: ReadonlyMap<string, Built>) {
    this.#host = host;
    this.#class = machineClass;
    this.#keys = keys;
    this.#systems = systems;
  }

  /** @param declared - for each scenario the features of its system. */
  static async open(
    spec: HostSpec,
    declared: readonly (readonly Feature[])[],
    signal: AbortSignal,
  ): Promise<Laboratory> {
    if (process.env["PULUMI_CLAN_ISOLATED"] !== "1")
      throw new Error("run through `npm run fidelity` or `npm test`: they isolate the host");
    await using stack = new AsyncDisposableStack();
    const root = await mkdtemp(join(tmpdir(), "fidelity-"));
    stack.defer(() => rm(root, { recursive: true, force: true }));
    const systems = await buildSystems(root, declared, classOf(spec), signal);
    const state = simState(join(root, "sim"));
    stack.defer(async () => void (await bringDown(state, () => undefined, AbortSignal.timeout(120_000))));
    const keys = stack.use(new ClanKeys(join(root, "clan"), spec.name));
    const host = await startHost(spec, signal, state);
    const laboratory = new Laboratory(host, classOf(spec), keys, systems);
    laboratory.#stack.use(stack.move());
    return laboratory;
  }

  /** Plans the change, makes it, and compares. */
  async run(scenario: Scenario, features: readonly Feature[], signal: AbortSignal): Promise<Told> {
    const host = this.#host;
    if (scenario.rebooted) await host.reboot(signal);
    if (scenario.before !== undefined) await this.#shell(scenario.before, signal);
    if (scenario.off) await host.stop(signal);
    const before = scenario.off ? null : await takeSnapshot(host, signal);
    if (scenario.key === "another") this.#secrets = await this.#keys.rotate();
    const inputs = this.#declare(scenario, features);
    const plan = await this.#planInTime(inputs, features, before !== null, signal);
    const known = this.#state;
    const { deployed, outcome } = await this.#deploy(inputs, plan.observed, known);
    if (scenario.off) await host.boot(signal);
    const after = scenario.off ? null : await takeSnapshot(host, signal);
    const happened = await this.#happened(inputs, features, { deployed, outcome, before, after }, scenario, signal);
    const isMade = this.#state !== known && inputs.policy.mode !== "dry" && outcome !== "rolled-back";
    this.#made = isMade ? features : this.#made;
    this.#inputs = inputs;
    const due = deployed ? (scenario.ends ?? "switched") : null;
    if (outcome !== due) throw new Error(`${scenario.name}: it ended as ${outcome}, and shows nothing of ${due}`);
    const statements = judgePlan(plan.plan, happened);
    return { name: scenario.name, plan: plan.plan, statements, outcome };
  }

  #declare({ policy = {} }: Scenario, features: readonly Feature[]): ClosureInputs {
    const { name, address, identityFile, hostKey } = this.#host;
    const built = this.#systems.get(nameOf(features));
    if (built === undefined) throw new Error(`no system of ${nameOf(features)} was built`);
    return {
      machine: name,
      class: this.#class,
      system: platformOf(this.#class),
      ...built,
      buildOn: "local",
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: [{ key: parseHostKey(hostKey), source: "vars" }],
      policy: activationPolicySchema.parse({ reconnectDeadlineSeconds: 60, ...policy }),
      connectDeadlineSeconds: 20,
      deadlineSeconds: 300,
      owner: { project: "fidelity", stack: "local" },
      observed: null,
      held: null,
      secrets: this.#secrets,
      power: "on",
      reportTo: "",
      __madeFrom: encodeProvenance(built.toplevel, provenanceOf(features)) ?? "",
    };
  }

  /** A plan waits five seconds for a host, which on a busy machine is not always enough: then it is made again. */
  async #planInTime(inputs: ClosureInputs, features: readonly Feature[], isOn: boolean, signal: AbortSignal) {
    for (let attempt = 1; ; attempt++) {
      const made = await this.#plan(inputs, features, signal);
      const { reachable, packages, copy, units } = made.plan;
      const isLate = reachable !== true || [packages, copy, units].some((field) => field?.kind === "unknown");
      if (!isOn || !isLate || attempt === 6) return made;
    }
  }

  async #plan(
    inputs: ClosureInputs,
    features: readonly Feature[],
    signal: AbortSignal,
  ): Promise<{ readonly plan: MachinePlan; readonly observed: Observed | null }> {
    const resources = this.#state === undefined ? [] : [{ type: closureType, outputs: this.#state }];
    const known = knownBy(resources)(inputs.machine);
    const { toplevel, policy, owner, secrets } = inputs;
    const question = {
      class: inputs.class,
      toplevel: parseStorePath(toplevel),
      expectsOther: isOther(known, parseStorePath(toplevel)),
      specialisation: policy.specialisation,
    };
    const look = await askForPlan({ ...inputs, connectDeadlineSeconds: 5 }, question, new LocalSystems(signal), signal);
    const observed = look.kind === "seen" ? observedOf(look.seen.observation.facts, inputs.class) : null;
    const plan = planMachine({
      machine: inputs.machine,
      class: inputs.class,
      system: inputs.system,
      buildOn: inputs.buildOn,
      declared: { toplevel: parseStorePath(toplevel), policy, owner, secrets },
      known,
      look,
      observed: observed ?? undefined,
      provenance: provenanceOf(features),
      namespaces: {},
    });
    return { plan, observed };
  }

  /** As Pulumi's engine does it: asks for the difference, and has it made. */
  async #deploy(
    inputs: ClosureInputs,
    observed: Observed | null,
    known: ClosureOutputs | undefined,
  ): Promise<Pick<Happened, "deployed" | "outcome">> {
    const news = { ...inputs, observed };
    const { changes } = known === undefined ? { changes: true } : await diff(inputs.machine, known, news);
    if (!changes) return { deployed: false, outcome: null };
    try {
      this.#state = known === undefined ? (await create(news)).outs : (await update(news.machine, known, news)).outs;
    } catch (error) {
      if (!(error instanceof HostAfterError)) throw error;
      this.#state = error.properties ?? known;
      return { deployed: true, outcome: error.properties?.outcome ?? "unreachable" };
    }
    return { deployed: true, outcome: this.#state?.outcome ?? null };
  }

  async #happened(
    inputs: ClosureInputs,
    features: readonly Feature[],
    seen: Pick<Happened, "deployed" | "outcome"> & {
      readonly before: Snapshot | null;
      readonly after: Snapshot | null;
    },
    { reasons = [] }: Scenario,
    signal: AbortSignal,
  ): Promise<Happened> {
    const { before, after } = seen;
    const systems = [this.#inputs?.toplevel, inputs.toplevel].flatMap((path) => (path === undefined ? [] : [path]));
    const units = await Promise.all(systems.map((path) => unitsOf(path, this.#class)));
    const made = new Set(this.#made);
    const entries =
      this.#state === undefined || this.#inputs === undefined ? [] : [...made.symmetricDifference(new Set(features))];
    const declared = after?.store.has(inputs.toplevel) === true ? inputs.toplevel : undefined;
    return {
      ...seen,
      closures:
        before === null || declared === undefined
          ? null
          : { before: await this.#closure(before.current, signal), after: await this.#closure(declared, signal) },
      bootDiffers: before === null ? null : this.#class === "nixos" && (await bootDiffers(before, inputs.toplevel)),
      ownUnits: new Set(units.flat()),
      reasons: [
        ...reasons.map((kind) => ({ kind, name: null })),
        ...entries.map((name) => ({ kind: "entry", name }) as const),
      ],
    };
  }

  async #closure(path: string, signal: AbortSignal) {
    const text = await this.#shell(
      `nix-store --query --requisites ${path} | xargs nix --extra-experimental-features nix-command path-info --size`,
      signal,
    );
    return text.split("\n").map((line) => {
      const [found = "", size] = line.split(/\s+/);
      return { path: found, narSize: Number(size) };
    });
  }

  async #shell(command: string, signal: AbortSignal): Promise<string> {
    const { stdout, stderr, exitCode } = await this.#host.exec(command, signal, { deadlineMs: 120_000 });
    if (exitCode !== 0) throw new Error(`${command}: exit ${exitCode}: ${stderr}`);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function classOf({ kind, name }: HostSpec): MachineClass {
  if (kind === "debian") throw new TypeError(`${name} is nothing to deploy to`);
  return kind;
}

/** Units, or a Mac's jobs, that a system defines. */
async function unitsOf(system: string, machineClass: MachineClass): Promise<readonly string[]> {
  if (machineClass === "darwin") return [...(await readPropertyLists(system)).LaunchDaemons.keys()];
  const folders = [system, join(system, "specialisation/docked")];
  const read = await Promise.all(folders.map((path) => readUnitFolder(path)));
  return [...read.flatMap(({ units }) => [...units.keys()]), "tenant@a.service"];
}

/** Each feature is an entry: what changed of the fleet is known. */
function provenanceOf(features: readonly Feature[]): Provenance {
  return { files: {}, entries: features.toSorted(), tags: [], roles: [], instances: {}, inputs: {} };
}

/** As an administrator would look: other kernels, initrds, modules or parameters than those that were booted. */
async function bootDiffers({ booted }: Snapshot, declared: string): Promise<boolean> {
  const [links, texts] = [
    ["kernel", "initrd", "kernel-modules"],
    ["kernel-params", "switch-inhibitors"],
  ];
  const ours = await Promise.all([
    ...links.map(async (part) => [part, await realpath(join(declared, part))] as const),
    ...texts.map(async (part) => [part, (await readFile(join(declared, part), "utf8")).trimEnd()] as const),
  ]);
  return ours.some(([part, what]) => booted[part] !== what);
}
