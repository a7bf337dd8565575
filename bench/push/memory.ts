import { largeClosure, type SyntheticClosure } from "../synthetic/closures.ts";
import { addClosure, removeClosures } from "../synthetic/operator-store.ts";
import { PushClient, type Sample } from "./contenders.ts";
import { BenchReceiver } from "./receiver.ts";

const megabyte = 1_000_000;
const hosts = 10;

/** Eight paths of 250 MB to one host; two of them to ten hosts at once. */
export async function benchMemory(keep: boolean, tell: (line: string) => void, signal: AbortSignal): Promise<string> {
  const whole = largeClosure(
    Array.from({ length: 8 }, () => 250 * megabyte),
    "memory",
  );
  const part = largeClosure(
    [125, 75].map((size) => size * megabyte),
    "memory-part",
  );
  tell("making synthetic closures of 2 GB");
  for (const closure of [whole, part]) await addClosure(closure, signal);
  tell("starting a host");
  await using receiver = await BenchReceiver.start(signal);
  const rows: string[] = [];
  try {
    await receiver.renew("empty", signal);
    rows.push(row("2 GB to one host", await pushTo(receiver, whole, [])));
    await receiver.verify(whole.toplevel, true, signal);
    await receiver.renew("empty", signal);
    // Ten connections to one sshd, each into a store of its own: for the one who pushes they are ten hosts.
    const stores = Array.from({ length: hosts }, (_, index) => `local?root=/nix/host-${index}`);
    rows.push(row(`200 MB to each of ${hosts} hosts at once`, await pushTo(receiver, part, stores)));
    for (const store of stores) {
      await receiver.ask(`nix-store --store '${store}' --check-validity ${part.toplevel}`, signal);
    }
  } finally {
    if (!keep) await removeClosures([whole, part], AbortSignal.timeout(300_000));
  }
  const head =
    "| push | seconds | RSS before, MB | most in each quarter of the time, MB | worst event loop delay, ms |";
  return [head, "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

async function pushTo(receiver: BenchReceiver, closure: SyntheticClosure, stores: string[]): Promise<Sample> {
  await using client = await PushClient.start();
  return await client.push({ spec: receiver.spec(), wanted: [closure.toplevel], fresh: true, stores });
}

function row(name: string, { seconds, engine }: Sample): string {
  if (engine === undefined) throw new TypeError("the engine tells its memory");
  const megabytes = (bytes: number): string => (bytes / megabyte).toFixed(0);
  const quarters = engine.rssQuartersBytes.map(megabytes).join(", ");
  const delay = engine.loopDelayMs.max.toFixed(0);
  return `| ${name} | ${seconds.toFixed(1)} | ${megabytes(engine.rssBeforeBytes)} | ${quarters} | ${delay} |`;
}
