/**
 * Many hosts in one process: `node bench/scale/hosts/main.ts --count 1000 --folder DIR`. Prints JSON lines (host-lines.ts): each host,
 * then that all listen, and when its input ends what each has seen. Exit code 1: it was asked what it has no answer to.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { chooseFaults, type Fault, faults, parseShare } from "./faults.ts";
import type { HostLine } from "./host-lines.ts";
import { beginHost, beginningSchema } from "./host-memory.ts";
import { makeKeys } from "./keys.ts";
import { SshPort } from "./ssh-port.ts";
import { StubHost } from "./stub-host.ts";

interface HostsOptions {
  readonly count: number;
  readonly folder: string;
  readonly beginning?: string;
  readonly fail: number;
  readonly fault: readonly Fault[];
  readonly seed: number;
  readonly switchMs: number;
}

const options = new Command("hosts")
  .description("stub hosts on ports of the loopback interface, for measuring the operator's side")
  .requiredOption("--count <n>", "hosts, named machine-0000 and so on", whole)
  .requiredOption("--folder <folder>", "an existing one, for the key that may log in")
  .option("--beginning <file>", "JSON: what all have (present), what a host runs and whose it is (hosts.<name>)")
  .option("--fail <share>", "of the hosts that have a fault: 5% or 0.05", parseShare, 0)
  .option("--fault <kind>", `only of this kind; may be repeated: ${faults.join(", ")}`, several, [])
  .option("--seed <n>", "by which they are chosen", whole, 1)
  .option("--switch-ms <n>", "how long a switch to another system takes", whole, 200)
  .parse()
  .opts<HostsOptions>();

const beginning = beginningSchema.parse(
  options.beginning === undefined ? {} : JSON.parse(await readFile(options.beginning, "utf8")),
);
const names = Array.from({ length: options.count }, (_, index) => `machine-${String(index).padStart(4, "0")}`);
const kinds = options.fault.length === 0 ? faults : options.fault;
const chosen = chooseFaults(names, options.fail, kinds, options.seed);
const present: ReadonlySet<string> = new Set(beginning.present);
const { user, userKeyFile, hostKeyOf } = await makeKeys(options.folder);
const strange: string[] = [];
const onStrange = (what: string): void => {
  strange.push(what);
  console.error(`hosts: ${what}`);
};

await using ports = new AsyncDisposableStack();
const hosts: StubHost[] = [];
for (const name of names) {
  const fault = chosen.get(name);
  const host = new StubHost(beginHost(name, beginning, present), { fault, switchMs: options.switchMs, onStrange });
  const key = hostKeyOf();
  const { port } = ports.use(await SshPort.open(host, key.private, user, 0));
  hosts.push(host);
  say({ kind: "host", name, port, hostKey: key.public, userKeyFile, ...(fault === undefined ? {} : { fault }) });
}
say({ kind: "ready" });
await once(process.stdin.resume(), "end");
say({
  kind: "summary",
  strange: strange.slice(0, 100),
  hosts: hosts.map(({ clock, memory: { current, profile, generation } }) => ({
    ...clock.activity,
    current,
    profile,
    generation,
  })),
});
process.exitCode = strange.length === 0 ? 0 : 1;

function say(line: HostLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("expected a whole number");
  return value;
}

function several(text: string, before: readonly Fault[]): readonly Fault[] {
  const kind = faults.find((known) => known === text);
  if (kind === undefined) throw new InvalidArgumentError(`expected one of ${faults.join(", ")}`);
  return [...before, kind];
}
