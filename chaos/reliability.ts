import type { Fault } from "./plan-runs.ts";
import { type RunResult, renderSum } from "./results.ts";
import { steps } from "./steps.ts";

/** One kind of fault at one step. */
export interface Row {
  readonly step: string;
  readonly fault: string;
  /** Runs by `pulumi up`, and by the engine alone. */
  readonly pulumi: number;
  readonly engine: number;
  /** Outcomes as `3 switched, 1 rolled-back`. */
  readonly interrupted: string;
  readonly next: string;
  readonly declared: number;
}

/** All that docs/reliability.md says of one run of the suite. */
export interface Reliability {
  readonly seed: number;
  readonly random: number;
  readonly minutes: number;
  readonly sum: string;
  /** `Pulumi 3.250.0`, … */
  readonly versions: readonly string[];
  readonly rows: readonly Row[];
}

export function summarise(
  results: readonly RunResult[],
  {
    seed,
    seconds,
    versions,
  }: { readonly seed: number; readonly seconds: number; readonly versions: readonly string[] },
): Reliability {
  const cells = Map.groupBy(results, ({ struckAt, fault }) => `${struckAt ?? "before"}|${nameOf(fault)}`);
  const rows = [...cells].map(([cell, runs]): Row => {
    const [step = "", fault = ""] = cell.split("|");
    return {
      step,
      fault,
      pulumi: runs.filter(({ way }) => way === "pulumi").length,
      engine: runs.filter(({ way }) => way === "engine").length,
      interrupted: tally(runs.map((run) => run.interrupted)),
      next: tally(runs.map((run) => run.next)),
      declared: runs.filter(({ problems }) => problems.length === 0).length,
    };
  });
  return {
    seed,
    random: results.filter(({ at }) => at.kind === "random").length,
    minutes: Math.round(seconds / 60),
    sum: renderSum(results),
    versions,
    rows: rows.toSorted((a, b) => rank(a) - rank(b)),
  };
}

const order: readonly string[] = steps;
const faults = ["operator killed", "connection reset", "connection silent", "sshd killed", "power loss"];

function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case "operator":
      return "operator killed";
    case "connection":
      return fault.how === "reset" ? "connection reset" : "connection silent";
    case "sshd":
      return "sshd killed";
    case "host":
      return "power loss";
  }
}

function rank({ step, fault }: Row): number {
  return order.indexOf(step) * faults.length + faults.indexOf(fault);
}

/** `3 switched, 1 rolled-back`: the most frequent first. */
function tally(words: readonly string[]): string {
  const counted = [...Map.groupBy(words, (word) => word)].map(([word, all]) => [all.length, word] as const);
  return counted
    .toSorted(([a, left], [b, right]) => b - a || (left < right ? -1 : 1))
    .map(([count, word]) => `${count} ${word.replaceAll("|", "/")}`)
    .join(", ");
}

/** docs/reliability.md. */
export function renderReliability({ seed, random, minutes, sum, versions, rows }: Reliability): string {
  const cells = rows.map(({ step, fault, pulumi, engine, interrupted, next, declared }) =>
    [step, fault, `${pulumi} + ${engine}`, interrupted, next, `${declared} of ${pulumi + engine}`].join(" | "),
  );
  return `# What faults do to a deployment

Written by \`npm run chaos -- --runs ${sum.split(" ", 1)[0]} --seed ${seed} --table docs/reliability.md\`, which repeats it, in ${minutes} minutes
on two cores: **${sum}.** Simulated hosts only ([sim/README.md](../sim/README.md)): ${versions.join(", ")}.

Each run brings a new system to one of eight machines (four boot as with systemd-boot, three as with GRUB, one is a Mac's
look-alike), and something is broken on the way: as a step begins, or (${random} of them) at a random time. One system in
six, and each whose way back is to be hit, passes no health gate until the fault is over. Then all is mended, and a plain
\`up\` follows. "Runs" are those of \`pulumi up\` through the real CLI + those of the engine in a process of its own with a
source of secrets of its own.

| fault | what is done |
|---|---|
| operator killed | SIGKILL for the CLI and all it started, at once; a killed \`pulumi up\` leaves a lock, which \`pulumi cancel\` takes away |
| connection reset | every session of sshd is killed |
| connection silent | for 1, 3 or 8 s no packet passes |
| sshd killed | sshd and its sessions are killed, and it stays away for 1, 3 or 8 s |
| power loss | every process ends at once; the host is switched on again after 0 or 2 s |

The step is the one that the host's own files showed when it was hit: \`before\`, nothing yet; \`facts\`, its lock is held; \`roots\`, both closures
are protected; \`push\`, the first path has come; \`check\`, the last one; \`secrets\`, they are staged; \`test\`, the supervisor
works; \`health\`, a gate has asked; \`acknowledge\`, the order lies there; \`commit\` and \`rollback\`, the supervisor has begun
to; \`done\` and \`rolled-back\`, its verdict.

What must hold is looked at from outside, 30 times a second and right after each power loss, not taken from outcomes: the
default boot entry exists and names a kernel, an initrd and a system that are there; the running system and the next
boot's find the identity that opens their secrets, and no secret is torn; no two activations at once, by the log that the
simulated systems keep. What two looks in a row see is so. In the end running system, profile, next boot and secrets must
be the declared ones, nothing may be left open, and sshd must answer. Stranded is a host without a bootable default, or
on which nobody gets in.

Not seen here: a disk that loses what was not synced, a real loader, a real Mac.

| step | fault | runs | the broken up said | the next up said | ended as declared |
|---|---|---|---|---|---|
${cells.map((cell) => `| ${cell} |`).join("\n")}
`;
}
