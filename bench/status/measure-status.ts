import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { quoteCommand } from "../../deploy/ssh/shell-quote.ts";
import { cpuSecondsOf, detectHierarchies } from "../../sim/hosts/cgroups.ts";
import { exampleHosts } from "../../sim/hosts/host-spec.ts";
import { type SimState, simState } from "../../sim/hosts/sim-state.ts";
import { prepareHost, type SimHost } from "../../sim/hosts/simulated-host.ts";
import { bringDown, bringUp } from "../../sim/hosts/simulation.ts";
import { interleave } from "../measure/statistics.ts";

/** One look at all hosts. */
export interface StatusSample {
  readonly contender: Contender;
  readonly seconds: number;
  /** User and system time on the operator's side. */
  readonly cpuSeconds: number;
  /** Of all hosts together. */
  readonly hostCpuSeconds: number;
}

/** `ssh`: OpenSSH with one question to each host, all at once; less than that no tool can do. */
export type Contender = "fleet status" | "ssh";

type Asked = Pick<StatusSample, "seconds" | "cpuSeconds">;

const packageRoot = join(import.meta.dirname, "../..");
const fleetCommand = join(packageRoot, "cli/fleet.ts");
const question = "readlink -f /run/current-system";
const rowsSchema = z.array(z.looseObject({ machine: z.string(), state: z.string() }));
const contenders: readonly Contender[] = ["ssh", "fleet status"];

/**
 * The example fleet's ten machines as simulated hosts, and looks at all of them in turns. A first look at each fills what is kept
 * between runs: Node's compile cache, the evaluated systems.
 */
export async function measureStatus(
  rounds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly StatusSample[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "bench-status-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const state = simState(join(folder, "sim"));
  stack.defer(async () => void (await bringDown(state, () => undefined, AbortSignal.timeout(120_000))));
  await bringUp(state, exampleHosts, tell, signal);
  const hosts = await Promise.all(exampleHosts.map((spec) => prepareHost(spec, signal, state)));
  const config = join(folder, "Pulumi.bench.yaml");
  await writeFile(config, renderConfig(state));
  const ask = {
    ssh: () => askBySsh(hosts, signal),
    "fleet status": (...more: readonly string[]) => askByStatus(config, more, signal),
  };
  tell("evaluating the fleet");
  await ask["fleet status"]("--evaluate");
  await ask.ssh();
  const hierarchies = await detectHierarchies();
  const hostCpu = async (): Promise<number> => {
    const all = await Promise.all(hosts.map(({ name }) => cpuSecondsOf(hierarchies, state, name)));
    return all.reduce((sum, seconds) => sum + seconds, 0);
  };
  const samples: StatusSample[] = [];
  for (const contender of interleave(contenders, rounds)) {
    const before = await hostCpu();
    const sample = await ask[contender]();
    samples.push({ contender, ...sample, hostCpuSeconds: (await hostCpu()) - before });
    tell(`${contender}: ${sample.seconds.toFixed(2)} s`);
  }
  return samples;
}

function renderConfig(state: SimState): string {
  const config = {
    "pulumi-clan:systemBuilder": join(packageRoot, "sim/system"),
    "pulumi-clan:vars": state.vars,
    "pulumi-clan:identityFile": state.operatorKey,
    "pulumi-clan:machines": exampleHosts.map(({ name }) => name),
    "pulumi-clan:hosts": Object.fromEntries(
      exampleHosts.map(({ name, address }) => [name, { targetHost: `root@${address}` }]),
    ),
  };
  return JSON.stringify({ config }, null, 2);
}

/** As a user calls it: a process from its start to its end. @throws {Error} a host was not seen */
async function askByStatus(config: string, more: readonly string[], signal: AbortSignal): Promise<Asked> {
  const source = ["-C", packageRoot, "status", "--stack", "bench", "--config-file", config, "--json", ...more];
  const { answer, said, ...asked } = await timed('"$@"', [process.execPath, fleetCommand, ...source], signal);
  const rows = rowsSchema.parse(JSON.parse(answer));
  if (rows.length === exampleHosts.length && rows.every((row) => row.state === "seen")) return asked;
  throw new Error(`not every host was seen: ${answer}\n${said}`);
}

/** @throws {Error} a host did not answer */
async function askBySsh(hosts: readonly SimHost[], signal: AbortSignal): Promise<Asked> {
  const lines = hosts.map(({ sshArguments }) => `${quoteCommand(["ssh", ...sshArguments, question])} &`);
  const { answer, said, ...asked } = await timed([...lines, "wait"].join("\n"), [], signal);
  if (answer.match(/^\/nix\/store\//gm)?.length === hosts.length) return asked;
  throw new Error(`not every host answered: ${answer}\n${said}`);
}

/** Runs a script of sh, whose own word is what it and its children have used. Source: POSIX.1-2024, times, its second line. */
async function timed(script: string, args: readonly string[], signal: AbortSignal) {
  const began = performance.now();
  const stdio = ["ignore", "pipe", "pipe", "pipe"] as const;
  const child = spawn("/bin/sh", ["-c", `${script}\ntimes >&3`, "sh", ...args], { signal, stdio: [...stdio] });
  const [, answer = "", said = "", times = ""] = await Promise.all([
    once(child, "close"),
    ...child.stdio.slice(1).flatMap((pipe) => (pipe instanceof Readable ? [text(pipe)] : [])),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const [user = Number.NaN, system = Number.NaN] = [...(times.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return { seconds, cpuSeconds: user + system, answer, said };
}
