import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type StorePath, storePathSchema } from "../../local-nix/store-path.ts";
import { type CompositionSample, compositionSampleSchema } from "../composition/sample.ts";
import type { TreeFigures } from "../measure/named-processes.ts";
import { machineNames } from "../synthetic/fleets.ts";
import { deployedState, firstPreviewSchema } from "./deployed-state.ts";
import { startHosts } from "./hosts/start-hosts.ts";
import { type HostPlace, projectName, type StackPart, writeProject } from "./project.ts";
import { PulumiProject } from "./pulumi-project.ts";

/** A fleet that is previewed as it is deployed. */
export interface PreviewTrial {
  readonly machines: number;
  /** That each machine imports. */
  readonly entries: number;
  /** Into how many stacks the machines are parted. */
  readonly stacks: number;
}

/** One preview of one stack. Times in seconds. */
export interface PreviewSample {
  readonly stack: string;
  readonly seconds: number;
  /** Of Pulumi, the program, the provider and what they start. */
  readonly cpuSeconds: number;
  /** Of the process that all hosts are, which runs on the same processors. */
  readonly hostsCpuSeconds: number;
  readonly usage: TreeFigures;
}

export interface MeasuredPreview {
  readonly trial: PreviewTrial;
  /** Reading and checking the fleet alone, in a process of its own. */
  readonly composition: CompositionSample;
  /** The first preview of each stack, for which every machine is evaluated: all together. */
  readonly firstSeconds: number;
  /** Of all stacks' states. */
  readonly stateBytes: number;
  /** One for each round and stack. */
  readonly samples: readonly PreviewSample[];
}

/**
 * Writes a fleet, gives each stack the state that an update of all its machines leaves, and previews it: Pulumi's engine, the
 * program, the provider, SSH and Nix are the real ones, and every host answers. Leaves nothing behind.
 * @throws {Error} a preview has a change or an error, or a host was asked what it does not know.
 */
export async function measurePreview(
  trial: PreviewTrial,
  rounds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<MeasuredPreview> {
  const folder = await mkdtemp(join(tmpdir(), "bench-preview-"));
  try {
    return await measureIn(folder, trial, rounds, tell, signal);
  } finally {
    await rm(folder, { recursive: true, force: true }); // with it Nix' roots
  }
}

const packageRoot = join(import.meta.dirname, "../..");
const fleetCommand = join(packageRoot, "cli/fleet.ts");
const measureFleet = join(packageRoot, "bench/composition/measure-fleet.ts");

async function measureIn(
  folder: string,
  trial: PreviewTrial,
  rounds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<MeasuredPreview> {
  const name = `${trial.machines} machines in ${trial.stacks === 1 ? "one stack" : `${trial.stacks} stacks`}`;
  const project = new PulumiProject(join(folder, "project"), folder);
  const parts = partsOf(trial);
  writeProject(project.root, trial, parts);
  const running = await readSystems(project, signal);
  await using hosts = await startHosts({ count: trial.machines, folder, beginning: beginning(parts, running) }, signal);
  const places = new Map(hosts.hosts.map(({ name: machine, port, hostKey }) => [machine, { machine, port, hostKey }]));
  const identityFile = hosts.hosts[0]?.userKeyFile;
  const stacks = parts.map(
    (part): StackPart => ({
      name: part.name,
      hosts: part.hosts.map((host) => places.get(host.machine) ?? host),
      identityFile,
    }),
  );
  writeProject(project.root, trial, stacks);
  // Before anything is evaluated: it writes the stacks' files, and with them another tree.
  for (const { name: stack } of stacks) await project.pulumi(["stack", "init", stack], signal);
  for (const command of ["emit", "lock"]) await project.answer(process.execPath, [fleetCommand, command], signal);
  await project.answer("git", ["add", "--all"], signal);
  const composition = await project.answer(process.execPath, [measureFleet, project.root], signal);
  let [firstSeconds, stateBytes] = [0, 0];
  for (const { name: stack } of stacks) {
    tell(`${name}: first preview of ${stack}`);
    firstSeconds += await deploy(project, folder, stack, signal);
    stateBytes += (await stat(project.stateFile(projectName, stack))).size;
  }
  const samples: PreviewSample[] = [];
  for (let round = 1; round <= rounds; round++) {
    tell(`${name}: round ${round} of ${rounds}`);
    for (const stack of stacks) samples.push(await previewOnce(project, stack, hosts.pid, signal));
  }
  const seen = (await hosts.end()).hosts;
  const unasked = seen.filter(({ connections }) => connections < 1 + rounds);
  if (unasked.length > 0) throw new Error(`${unasked.length} hosts were not asked by each preview`);
  return {
    trial,
    composition: compositionSampleSchema.parse(JSON.parse(composition)),
    firstSeconds,
    stateBytes,
    samples,
  };
}

/** Machines side by side, as a fleet is parted by tags: each stack has one of every kind. */
function partsOf({ machines, stacks }: PreviewTrial): readonly StackPart[] {
  const nowhere = { port: 1, hostKey: "" };
  const hosts = machineNames(machines).map((machine): HostPlace => ({ machine, ...nowhere }));
  return Array.from({ length: stacks }, (_, part) => ({
    name: stacks === 1 ? "whole" : `part-${part}`,
    hosts: hosts.filter((_host, index) => index % stacks === part),
  }));
}

/** Machine → its system, by one evaluation: the hosts run it before the fleet says where they are. */
async function readSystems(project: PulumiProject, signal: AbortSignal): Promise<Readonly<Record<string, StorePath>>> {
  const inputs = join(project.root, "inputs", "flake-parts");
  const expression = `builtins.mapAttrs (name: it: (import ${inputs}/system.nix name it).config.system.build.toplevel.outPath) (builtins.fromJSON (builtins.readFile ${inputs}/machines.json))`;
  const options = ["--extra-experimental-features", "nix-command", "--impure", "--json"];
  const text = await project.answer("nix", ["eval", ...options, "--expr", expression], signal);
  return z.record(z.string(), storePathSchema).parse(JSON.parse(text));
}

function beginning(parts: readonly StackPart[], running: Readonly<Record<string, StorePath>>) {
  const hosts = parts.flatMap(({ name, hosts: own }) =>
    own.map(({ machine }) => {
      const system = running[machine];
      if (system === undefined) throw new Error(`${machine} has no system`);
      return [machine, { running: system, owner: { project: projectName, stack: name } }] as const;
    }),
  );
  return { hosts: Object.fromEntries(hosts) };
}

/** Gives a stack the state of a deployed one. @returns seconds of the first preview */
async function deploy(project: PulumiProject, folder: string, stack: string, signal: AbortSignal): Promise<number> {
  const first = await project.watched(["preview", "--stack", stack, "--json"], signal);
  if (first.exitCode !== 0) throw new Error(`the first preview of ${stack}: ${first.said.slice(-5_000)}`);
  const state = deployedState(firstPreviewSchema.parse(JSON.parse(first.text)), Math.floor(Date.now() / 1000));
  const file = join(folder, `${stack}.json`);
  await writeFile(file, JSON.stringify(state));
  await project.pulumi(["stack", "import", "--stack", stack, "--file", file], signal);
  return first.seconds;
}

async function previewOnce(
  project: PulumiProject,
  { name: stack, hosts }: StackPart,
  hostsPid: number,
  signal: AbortSignal,
): Promise<PreviewSample> {
  const before = await cpuNow(hostsPid);
  const options = ["preview", "--stack", stack, "--expect-no-changes", "--suppress-progress"];
  const { exitCode, said, seconds, usage } = await project.watched(options, signal);
  const after = await cpuNow(hostsPid);
  // Each machine is a component and its system.
  const unchanged = Number(/^ *(\d+) unchanged$/m.exec(said)?.[1] ?? 0);
  if (exitCode !== 0 || unchanged < hosts.length * 2)
    throw new Error(`the preview of ${stack} has ${unchanged} resources without a change: ${said.slice(-5_000)}`);
  return {
    stack,
    seconds,
    cpuSeconds: after.children - before.children,
    hostsCpuSeconds: after.hosts - before.hosts,
    usage,
  };
}

// Source: proc_pid_stat(5); USER_HZ is 100 on every Linux that Node runs on.
const ticksPerSecond = 100;

/** CPU time of this process' children that have ended, and theirs; and of the hosts. */
async function cpuNow(hostsPid: number): Promise<{ readonly children: number; readonly hosts: number }> {
  const [own, hosts] = await Promise.all([fieldsOf(process.pid), fieldsOf(hostsPid)]);
  const sum = (fields: readonly string[], from: number): number =>
    (Number(fields[from] ?? 0) + Number(fields[from + 1] ?? 0)) / ticksPerSecond;
  // After the name: state, parent, …; utime, stime, cutime, cstime are fields 14 to 17.
  return { children: sum(own, 13), hosts: sum(hosts, 11) };
}

async function fieldsOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
