import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TreeFigures, watchNamed } from "../measure/named-processes.ts";

/** What a command has said. */
export interface Ended {
  readonly exitCode: number;
  /** Its answer. */
  readonly text: string;
  /** That and its complaints, as they came. */
  readonly said: string;
}

/** Pulumi in a project's folder, with a backend and a cache of its own, as scripts/pulumi starts it. */
export class PulumiProject {
  readonly root: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #backend: string;

  /** @param folder - for what the run needs beside the project. */
  constructor(root: string, folder: string) {
    this.root = root;
    this.#backend = join(folder, "backend");
    mkdirSync(this.#backend, { recursive: true });
    this.#environment = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${this.#backend}`,
      PULUMI_CONFIG_PASSPHRASE: "of this bench",
      PULUMI_CONTINUE_ON_ERROR: "true",
      PULUMI_CLAN_CACHE: join(folder, "cache"),
    };
  }

  /** Where the backend keeps a stack's state. Source: pulumi 3.250, pkg/backend/diy. */
  stateFile(project: string, stack: string): string {
    return join(this.#backend, ".pulumi", "stacks", project, `${stack}.json`);
  }

  /** @throws {Error} with what it said. @returns its answer */
  async answer(file: string, args: readonly string[], signal: AbortSignal): Promise<string> {
    const { exitCode, text, said } = await this.#start(file, args, signal).ended;
    if (exitCode !== 0) throw new Error(`${file} ${args.join(" ")}: exit code ${exitCode}: ${said.slice(-5_000)}`);
    return text;
  }

  /** `pulumi`, as `answer`. */
  pulumi(args: readonly string[], signal: AbortSignal): Promise<string> {
    return this.answer("pulumi", [...args, "--non-interactive"], signal);
  }

  /** `pulumi` with somebody who looks how long it takes and what it has in memory; whatever its exit code. */
  async watched(
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<Ended & { readonly usage: TreeFigures; readonly seconds: number; readonly startedAt: number }> {
    const startedAt = Date.now();
    const { pid, ended } = this.#start("pulumi", [...args, "--non-interactive"], signal);
    const watch = watchNamed(pid, processName);
    try {
      const end = await ended;
      const seconds = (Date.now() - startedAt) / 1000;
      return { ...end, usage: await watch.stop(), seconds, startedAt };
    } finally {
      await watch.stop();
    }
  }

  #start(file: string, args: readonly string[], signal: AbortSignal) {
    const child = spawn(file, args, {
      cwd: this.root,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      signal,
    });
    let [text, said] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      said += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    const ended = once(child, "close").then(([code]): Ended => ({ exitCode: Number(code ?? 255), text, said }));
    return { pid: child.pid ?? 0, ended };
  }
}

/** The processes that live as long as Pulumi's command; what else there is are Nix' and git's. */
function processName(commandLine: string): string | undefined {
  if (commandLine.includes("dynamic-provider")) return "provider";
  if (commandLine.includes("cmd/run")) return "program";
  return commandLine.startsWith("pulumi ") ? "engine" : undefined;
}
