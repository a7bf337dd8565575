import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { type SimHost, startHost } from "../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation } from "../sim/hosts/own-simulation.ts";

const project = resolve(import.meta.dirname, "..", "..");

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
  ls -a /nix/var; ls /nix/var/nix/gcroots /nix/var/nix/gcroots/auto
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
  async run(args: readonly string[], onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined): Promise<Ended> {
    const { address, identityFile, hostKey } = this.sim;
    const key = hostKey.split(" ").slice(0, 2).join(" ");
    const way = ["--host", `root@${address}`, "--identity", identityFile, "--host-key", key, "--out", this.out];
    const child = spawn(process.execPath, [join(project, "acceptance/main.ts"), ...way, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
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

  async witness(): Promise<string> {
    const { stdout } = await this.sim.exec(witness, AbortSignal.timeout(60_000));
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.out, { recursive: true, force: true });
    await this.#simulation[Symbol.asyncDispose]();
  }
}

describe("acceptance of a NixOS host", function () {
  this.timeout(600_000);
  let host: Acceptance;
  let found: string;
  before(async () => {
    host = await Acceptance.start("nixos");
    found = await host.witness();
  });
  after(() => host[Symbol.asyncDispose]());

  it("tries every row, and leaves the host as it was found", async () => {
    const { code, stdout, stderr } = await host.run(["--yes", "--json", "--label", "a host"]);
    assert.equal(code, 0, stderr);
    const report = reportSchema.parse(JSON.parse(stdout));
    assert.deepEqual(
      report.rows.map(({ id, status }) => `${id}: ${status}`),
      [
        "same-system: passed",
      ],
      stderr,
    );
    assert.equal(await host.witness(), found);
  });
});
