import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { wayBackByHand } from "../../../acceptance/restore.ts";
import { rows } from "../../../acceptance/rows.ts";
import { foundSchema } from "../../../acceptance/target.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation } from "../../sim/hosts/own-simulation.ts";

const project = resolve(import.meta.dirname, "..", "..", "..");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const reportSchema = z.object({
  label: z.string(),
  rows: z.array(
    z.object({ id: z.string(), status: z.string(), seen: z.string().optional(), reason: z.string().optional() }),
  ),
  restored: z.looseObject({ status: z.string() }),
  summary: z.object({ passed: z.number(), failed: z.number(), skipped: z.number() }),
});

/** All that a run may change and must leave as it was, as the host itself says. */
const witness = `
  readlink -f /run/current-system /run/booted-system /nix/var/nix/profiles/system
  ls -l --time-style=+ /nix/var/nix/profiles | sed 's/.* system/system/' | grep ^system
  cat /boot/loader/loader.conf; cat /boot/loader/entries/*; ls /boot/EFI/nixos
  ls -a /nix/var | grep -vx log # Nix' own, from its first build on, as the next
  ls /nix/var/nix/gcroots | grep -vx auto; ls /nix/var/nix/gcroots/auto
  ls /nix/store | grep -c -- -system-
  ls -a /etc/systemd/system /Library/LaunchDaemons 2>/dev/null
  systemctl list-units --state=failed --no-legend --plain
  systemctl list-units --all --no-legend --plain 'pulumi-clan*' 'launchd-pulumi*'`;

/** `npm run acceptance` with this host. */
class Acceptance implements AsyncDisposable {
  readonly sim: SimHost;
  readonly out: string;
  readonly #simulation: OwnSimulation;

  private constructor(simulation: OwnSimulation, sim: SimHost, out: string) {
    this.#simulation = simulation;
    this.sim = sim;
    this.out = out;
  }

  static async start(kind: "nixos" | "darwin"): Promise<Acceptance> {
    const simulation = await ownSimulation();
    try {
      const sim = await startHost(simulation.host(kind), AbortSignal.timeout(100_000), simulation.state);
      return new Acceptance(simulation, sim, await mkdtemp(join(tmpdir(), "acceptance-")));
    } catch (error) {
      await simulation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @param onLine - a line of stderr, and a way to send the process a signal. */
  async run(
    args: readonly string[],
    onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
  ): Promise<Ended> {
    const child = spawn(process.execPath, this.#words(args), { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr, line] = ["", "", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) onLine(whole, (signal) => child.kill(signal));
    });
    const { promise, resolve: done } = Promise.withResolvers<number | null>();
    child.once("close", done);
    return { code: await promise, stdout, stderr };
  }

  /** The same on a terminal of its own, where the first question is answered. @returns all that was shown there. */
  async answered(args: readonly string[], answer: string): Promise<Pick<Ended, "code" | "stdout">> {
    const command = [process.execPath, ...this.#words(args)].map((word) => `'${word}'`).join(" ");
    const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], { stdio: "pipe" });
    let stdout = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (!stdout.includes("[y/N]") && (stdout + text).includes("[y/N]")) terminal.stdin.write(answer);
      stdout += text;
    });
    const { promise, resolve: done } = Promise.withResolvers<number | null>();
    terminal.once("close", done);
    return { code: await promise, stdout };
  }

  #words(args: readonly string[]): readonly string[] {
    const { address, identityFile, hostKey } = this.sim;
    const key = hostKey.split(" ").slice(0, 2).join(" ");
    const way = ["--host", `root@${address}`, "--identity", identityFile, "--host-key", key, "--out", this.out];
    return [join(project, "acceptance/main.ts"), ...way, ...args];
  }

  /** Asks the host itself, not over ssh. */
  async ask(command: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.sim.exec(command, AbortSignal.timeout(100_000));
    assert.equal(exitCode, 0, `${command}: ${stderr}`);
    return stdout;
  }

  witness(): Promise<string> {
    return this.ask(`${witness}; true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.out, { recursive: true, force: true });
    await this.#simulation[Symbol.asyncDispose]();
  }
}

const passedRows = (report: z.output<typeof reportSchema>): string[] =>
  report.rows.filter(({ status }) => status === "passed").map(({ id }) => id);

describe("acceptance of a NixOS host", function () {
  this.timeout(600_000);
  let host: Acceptance;
  let found: string;
  before(async () => {
    host = await Acceptance.start("nixos");
    found = await host.witness();
  });
  after(() => host[Symbol.asyncDispose]());

  /** Kills the run once a system is being activated. */
  const killed = (signal: NodeJS.Signals): Promise<Ended> =>
    host.run(["--yes", "--only", "one-more-unit"], (line, kill) => {
      if (line.endsWith("test: activating, not yet for the next boot")) kill(signal);
    });

  it("only looks and says what it would do, where nobody can be asked", async () => {
    const { code, stdout, stderr } = await host.run([]);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    for (const { id, does } of rows) assert.match(stderr, new RegExp(`^${id} +${does.replaceAll(/[()]/g, ".")}$`, "m"));
    assert.match(stderr, /^loader +systemd-boot$/m);
    assert.match(stderr, /^error: nobody can be asked here, and every step changes the host: say --yes$/m);
    assert.equal(await host.witness(), found);
  });

  it("asks before a step, and does nothing without a yes", async () => {
    for (const [answer, code] of [
      ["n\r", 1],
      ["\x03", 130],
    ] as const) {
      const ended = await host.answered(["--only", "same-system"], answer);
      assert.match(ended.stdout, /same-system: switches to a copy of the system that runs\. Go on\? \[y\/N\]/);
      assert.match(ended.stdout, /same-system: skipped: not agreed to/);
      assert.equal(ended.code, code, ended.stdout);
      assert.equal(await host.witness(), found);
    }
    assert.deepEqual(await readdir(host.out), [], "no report of nothing");
  });

  it("refuses a host that somebody deploys", async () => {
    const owner = JSON.stringify({ project: "fleet", stack: "core", machine: "galena" });
    await host.ask(`mkdir -m 700 /nix/var/pulumi-clan; echo '${owner}' > /nix/var/pulumi-clan/owner.json`);
    const { code, stderr } = await host.run(["--yes"]);
    await host.ask("rm -r /nix/var/pulumi-clan");
    assert.equal(code, 1);
    assert.match(stderr, /^ {2}found: +it belongs to fleet\/core: take one that nobody deploys$/m);
    assert.equal(await host.witness(), found);
  });

  it("leaves the host as it was found after ^C in the middle of an activation", async () => {
    const { code, stderr } = await killed("SIGINT");
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^acceptance: one-more-unit: failed: interrupted/m);
    assert.equal(await host.witness(), found, stderr);
  });

  it("says how to go back by hand: these commands do", async () => {
    await killed("SIGKILL");
    const note = foundSchema.parse(JSON.parse(await host.ask("cat /nix/var/pulumi-clan-acceptance/before.json")));
    for (const command of wayBackByHand(note)) await host.ask(command);
    await host.ask("nix-store --gc"); // what was built, and derivations
    assert.equal(await host.witness(), found);
  });

  it("tries every row, also where an earlier run was killed, and leaves the host as that one found it", async () => {
    await killed("SIGKILL");
    const { code, stdout, stderr } = await host.run(["--yes", "--json", "--label", "a host"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^an earlier run was cut off here/m);
    const report = reportSchema.parse(JSON.parse(stdout));
    assert.deepEqual(
      passedRows(report),
      rows.map(({ id }) => id),
      stderr,
    );
    assert.deepEqual(report.summary, { passed: rows.length, failed: 0, skipped: 0 });
    assert.equal(await host.witness(), found);
    const [json, page] = (await readdir(host.out)).filter((name) => name.includes("a-host")).sort();
    assert.deepEqual(JSON.parse(await readFile(join(host.out, json ?? ""), "utf8")), JSON.parse(stdout));
    const text = await readFile(join(host.out, page ?? ""), "utf8");
    assert.match(
      text,
      /^# a host, \d{4}-\d\d-\d\d\n\nAccepted: 13 passed, 0 failed, 0 skipped; the host is as it was found\.$/m,
    );
    assert.ok(!text.includes(host.sim.address), "where the host is, is nobody's business");
  });

  it("says so where the host cannot be put back, and how to do it", async () => {
    let removed: Promise<string> | undefined;
    const { code, stdout, stderr } = await host.run(["--yes", "--only", "same-system"], (line) => {
      if (line.endsWith("variant: building same-a")) removed = host.ask("rm /nix/var/nix/profiles/system-1-link");
    });
    await removed;
    assert.equal(code, 1, stderr);
    assert.match(stdout, /1 passed, 0 failed, 0 skipped; the host is NOT as it was found$/m);
    const toplevel = found.split("\n")[0] ?? "";
    assert.match(
      stderr,
      new RegExp(`^ +found: +restore on the host ended with 1: .*generation 1 is no longer ${toplevel}$`, "m"),
    );
    assert.match(stderr, new RegExp(`^ +NIXOS_NO_CHECK=1 ${toplevel}/bin/switch-to-configuration switch$`, "m"));
    const [current] = (await host.witness()).split("\n");
    assert.equal(current, toplevel, "the system that was found runs all the same");
  });
});

describe("acceptance of a Mac", function () {
  this.timeout(600_000);
  let host: Acceptance;
  before(async () => {
    host = await Acceptance.start("darwin");
  });
  after(() => host[Symbol.asyncDispose]());

  it("takes no NixOS rows for a Mac's, nor a Mac for NixOS", async () => {
    const { code, stderr } = await host.run(["--yes"]);
    assert.equal(code, 1);
    assert.match(stderr, /it is nix-darwin, expected NixOS \(--darwin names a Mac\)/);
  });

  it("tries every row that a Mac has, and leaves it as it was found", async () => {
    const found = await host.witness();
    const { code, stdout, stderr } = await host.run(["--yes", "--json", "--darwin"]);
    assert.equal(code, 0, stderr);
    const report = reportSchema.parse(JSON.parse(stdout));
    const own = rows.filter(({ classes }) => classes.includes("darwin")).map(({ id }) => id);
    assert.deepEqual(passedRows(report), own, stderr);
    assert.deepEqual(report.summary, { passed: own.length, failed: 0, skipped: rows.length - own.length });
    assert.equal(await host.witness(), found);
  });
});
