import { rm } from "node:fs/promises";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import { BuildProgress } from "./build-progress.ts";
import { NixBuildError } from "./errors.ts";
import { gcRoot, type RootScope } from "./gc-root.ts";
import { runNix } from "./nix-command.ts";
import { lastErrorBlock, NixError } from "./nix-error.ts";
import { parseNixLogLine } from "./nix-log.ts";
import { Places } from "./places.ts";
import { isStorePath, type StorePath } from "./store-path.ts";

/** Where derivations are built; evaluation was local in any case. */
export type BuildPlace =
  | { readonly kind: "local" }
  | {
      readonly kind: "target";
      /** e.g. `ssh-ng://root@198.51.100.11`. */
      readonly storeUri: string;
      /** Value of NIX_SSHOPTS: port, identity, known hosts. */
      readonly sshOptions: string;
    };

export interface BuildRequest {
  readonly machine: string;
  /** Store path of the toplevel's derivation, in the local store. */
  readonly drvPath: string;
  /** What the evaluation said that the derivation builds. */
  readonly toplevel: StorePath;
  readonly where: BuildPlace;
  /** `--option <name> <value>`. */
  readonly nixOptions?: Readonly<Record<string, string>>;
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
  /** Default: none, as for a build by hand. */
  readonly rootScope?: RootScope;
  /** Default: 6 hours. */
  readonly deadlineSeconds?: number;
}

// A Nix that waits for its builders does nothing and holds some 30 MB: a hundred at once are 3 GB. Some builds take hours, and
// those of remote builders are done side by side: others must not wait for a few of them.
const localBuilds = new Places(16);

/**
 * Builds a toplevel, or finds it built. A local one is kept from garbage collection until the machine's next build.
 * @throws {NixBuildError} with the failing derivation and the end of its log.
 */
export function buildToplevel(request: BuildRequest, report: Report, signal: AbortSignal): Promise<StorePath> {
  const work = { kind: "phase", subject: request.machine, what: "build" } as const;
  return traced(work, () => build(request, report, signal));
}

async function build(request: BuildRequest, report: Report, signal: AbortSignal): Promise<StorePath> {
  const { machine, toplevel, where } = request;
  const root = await gcRoot(machine, request);
  using _place = where.kind === "local" ? await localBuilds.take(signal) : undefined;
  const progress = new BuildProgress(machine, report);
  const args = buildArgs(request, root);
  try {
    const text = await runNix(args, {
      signal,
      purpose: `${machine}: build`,
      deadlineMs: (request.deadlineSeconds ?? 6 * 3600) * 1000,
      // Builders have sessions of their own: only Nix can stop them, and a killed Nix would leave them behind.
      graceMs: 10_000,
      env: where.kind === "target" ? { NIX_SSHOPTS: where.sshOptions } : {},
      onLog: (line) => progress.observe(parseNixLogLine(line)),
    });
    const built = text.trim();
    if (isStorePath(built) && built === toplevel) return built;
    throw await wrongAnswer(request, built, root);
  } catch (error) {
    throw error instanceof NixError && !(error instanceof NixBuildError) ? buildError(request, progress, error) : error;
  }
}

/** The command line of a build. `root` becomes a link to what is built, where that is in the local store. */
export function buildArgs({ drvPath, where, nixOptions = {} }: BuildRequest, root: string): string[] {
  const place =
    where.kind === "local" ? ["--out-link", root] : ["--no-link", "--eval-store", "auto", "--store", where.storeUri];
  const options = Object.entries(nixOptions).flatMap(([name, value]) => ["--option", name, value]);
  return ["build", "--print-out-paths", "--log-format", "internal-json", ...place, ...options, `${drvPath}^out`];
}

function buildError(request: BuildRequest, progress: BuildProgress, error: NixError): NixBuildError {
  const last = lastErrorBlock(progress.errors.join("\n") || error.failure.stderr);
  // The command is in our own advice.
  const block = { ...last, message: last.message.replace(/\s*For full logs, run:\s*nix log \S+/, "") };
  const derivation = /\/nix\/store\/[0-9a-z]{32}-[^\s']+\.drv/.exec(block.message)?.[0];
  const log = progress.logOf(derivation);
  const shown = /log lines?:/.test(block.message) || log.length === 0 ? [] : ["the end of its log:", ...log];
  return new NixBuildError(
    {
      summary: `${request.machine}: its system does not build`,
      expected: request.toplevel,
      found: [block.message, ...shown].join("\n"),
      at: derivation ?? request.drvPath,
      fix:
        derivation === undefined
          ? "correct what the message names"
          : `correct it; for the whole log: nix log ${derivation}`,
    },
    { ...error.failure, block },
    { cause: error },
  );
}

async function wrongAnswer(request: BuildRequest, built: string, root: string): Promise<NixBuildError> {
  if (request.where.kind === "local") await rm(root, { force: true });
  return new NixBuildError(
    {
      summary: `${request.machine}: the build gave another system than the evaluation announced`,
      expected: request.toplevel,
      found: built || "no store path",
      at: request.drvPath,
      fix: "evaluate again: derivation and toplevel do not belong together",
    },
    { block: { message: "", frames: [], sources: [] }, stderr: "" },
  );
}
