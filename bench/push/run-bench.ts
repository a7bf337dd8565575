import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ConnectionSpec } from "../../deploy/ssh/connection-spec.ts";
import type { LinkProfile } from "../link/link-profile.ts";
import { interleave } from "../measure/statistics.ts";
import { addClosure } from "../synthetic/operator-store.ts";
import { type Contender, nixCopyTo, oursFresh, oursFull, oursPooled, PushClient, type Sample } from "./contenders.ts";
import type { PushSet, Trial, Way } from "./plan.ts";
import { BenchReceiver } from "./receiver.ts";

export type Measured = Trial & { readonly samples: readonly Sample[] };

/** Runs the trials of each link and set interleaved, `rounds` times, against one host. Gives each group when it is done. */
export async function* runBench(
  trials: readonly Trial[],
  rounds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): AsyncGenerator<readonly Measured[]> {
  const sets = [...new Set(trials.map(({ set }) => set))];
  tell("making synthetic closures");
  for (const { closure, before } of sets) {
    if (before !== undefined) await addClosure(before, signal);
    await addClosure(closure, signal);
  }
  tell("starting a host");
  await using receiver = await BenchReceiver.start(signal);
  for (const set of sets) await seedFor(receiver, set, signal);
  for (const link of new Set(trials.map((trial) => trial.link))) {
    await using way = await startLink(link, receiver);
    for (const set of sets) {
      const group = trials.filter((trial) => trial.link === link && trial.set === set);
      if (group.length > 0) yield await runGroup(group, rounds, { receiver, spec: way.spec }, tell, signal);
    }
  }
}

async function runGroup(
  group: readonly Trial[],
  rounds: number,
  { receiver, spec }: { receiver: BenchReceiver; spec: ConnectionSpec },
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly Measured[]> {
  await using pooled = await PushClient.start();
  const samples = new Map<Trial, Sample[]>(group.map((trial) => [trial, []]));
  const isPooled = group.some(({ way }) => way === "ours-pooled");
  const first = group[0];
  if (first === undefined) return [];
  const { link, set } = first;
  if (isPooled) {
    await receiver.renew(seedOf(set), signal);
    await contender("ours-pooled", pooled).push(spec, set.closure.toplevel, signal); // opens the connection
  }
  for (const trial of interleave(group, rounds)) {
    signal.throwIfAborted();
    await receiver.renew(seedOf(set), signal);
    await receiver.run(set.before?.toplevel, signal);
    const sample = await withHostCpu(receiver, () =>
      contender(trial.way, pooled).push(spec, set.closure.toplevel, signal),
    );
    const before = samples.get(trial) ?? [];
    await receiver.verify(set.closure.toplevel, before.length === 0, signal);
    samples.set(trial, [...before, sample]);
    tell(`${link.name}, ${set.name}, ${trial.way}: ${sample.seconds.toFixed(3)} s`);
  }
  return group.map((trial) => ({ ...trial, samples: samples.get(trial) ?? [] }));
}

async function withHostCpu(receiver: BenchReceiver, push: () => Promise<Sample>): Promise<Sample> {
  const before = await receiver.cpuSeconds();
  const sample = await push();
  return { ...sample, hostCpuSeconds: (await receiver.cpuSeconds()) - before };
}

function contender(way: Way, pooled: PushClient): Contender {
  switch (way) {
    case "ours":
      return oursFresh;
    case "ours-full":
      return oursFull;
    case "ours-pooled":
      return oursPooled(pooled);
    case "ssh-ng":
    case "ssh":
      return nixCopyTo(way);
  }
}

function seedOf({ before, name }: PushSet): string {
  return before === undefined ? "empty" : name;
}

async function seedFor(receiver: BenchReceiver, set: PushSet, signal: AbortSignal): Promise<void> {
  const { before } = set;
  if (before === undefined) return;
  await receiver.seed(set.name, signal, async () => {
    await nixCopyTo("ssh-ng").push(receiver.spec(), before.toplevel, signal);
  });
}

/** The link's emulation, if it has one, in a process of its own. */
async function startLink(
  { name, emulated }: LinkProfile,
  receiver: BenchReceiver,
): Promise<AsyncDisposable & { readonly spec: ConnectionSpec }> {
  if (emulated === undefined) return { spec: receiver.spec(), [Symbol.asyncDispose]: async () => undefined };
  const main = join(import.meta.dirname, "../link/main.ts");
  const child = spawn(process.execPath, [main, name, receiver.address, "22"], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const [port] = await Promise.race([once(child.stdout, "data"), closed]);
  return {
    spec: receiver.spec({ address: "127.0.0.1", port: Number(String(port)) }),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
