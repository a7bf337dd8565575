import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { FleetError } from "../../errors.ts";
import { type EvaluationSettings, optionArgs } from "../../local-nix/evaluation-request.ts";
import { gcRoot } from "../../local-nix/gc-root.ts";
import { findRepository } from "../../local-nix/listed-files.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { type StagedTree, stageTree } from "../../local-nix/staged-tree.ts";
import { storePathSchema } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";

/** A flake reference that names no flake. */
export class FlakeReferenceError extends FleetError {
  readonly code = "FLEET_FLAKE_REFERENCE";
}

/** Which flake, and how Nix is to read it. */
export interface FlakeRequest {
  /** A folder (`.`, `./x`, `/x`, `~/x`), or any flake reference of Nix. */
  readonly reference: string;
  /** Input → flake reference. */
  readonly overrideInputs?: Readonly<Record<string, string>>;
  /** Name → value of Nix's own settings. */
  readonly nixOptions?: Readonly<Record<string, string>>;
  /** Default false. */
  readonly impure?: boolean;
}

/** A flake whose source is in the store and no longer changes. */
export interface OpenedFlake {
  /** As it was asked for. */
  readonly reference: string;
  readonly settings: EvaluationSettings & { readonly tree: SourceTree };
}

type SourceTree = EvaluationSettings["tree"] & StagedTree;

/**
 * Brings a flake's source into the store. A folder is staged as authored fleets are: what git does not ignore, committed or
 * not. Anything else Nix fetches as its lock says. No lock file is written, no input is updated.
 * @param base - folder to which a relative folder is relative.
 * @throws {FlakeReferenceError} @throws {SourceTreeError} @throws {NixError}
 */
export async function openFlake(
  request: FlakeRequest,
  base: string,
  report: Report,
  signal: AbortSignal,
  cacheDir?: string,
): Promise<OpenedFlake> {
  const { reference, overrideInputs, nixOptions, impure } = request;
  if (reference.includes("#")) throw withAttribute(reference);
  const how = {
    ...(overrideInputs === undefined ? {} : { overrideInputs }),
    ...(nixOptions === undefined ? {} : { nixOptions }),
    ...(impure === undefined ? {} : { impure }),
  };
  const folder = folderOf(reference, base);
  const cache = cacheDir === undefined ? {} : { cacheDir };
  const tree =
    folder === undefined
      ? await fetchTree(request, how, cache, signal)
      : await stageFolder(folder, reference, cache, report, signal);
  return { reference, settings: { tree: { ...tree, lockCommand: `nix flake lock ${reference}` }, ...how } };
}

/** Source: Nix manual 2.26, "Path-like syntax": a reference that begins with "." or "/" is a folder. */
function folderOf(reference: string, base: string): string | undefined {
  if (reference.startsWith("~/")) return join(homedir(), reference.slice(2));
  return /^\.{0,2}(?:\/[^?]*)?$/.test(reference) && reference !== "" ? resolve(base, reference) : undefined;
}

async function stageFolder(
  given: string,
  reference: string,
  cache: { cacheDir?: string },
  report: Report,
  signal: AbortSignal,
): Promise<SourceTree> {
  if (!existsSync(given)) throw noFlake(reference, given);
  const folder = await realpath(given);
  const repository = (await findRepository(folder, signal)) ?? folder;
  const own = flakeAbove(folder, repository);
  if (own === undefined) throw noFlake(reference, folder);
  const tree = await stageTree(repository, cache, report, signal);
  const dir = relative(repository, own);
  return dir === "" ? tree : { ...tree, dir };
}

/** As Nix does: the nearest flake.nix at or above the folder, within its repository. */
function flakeAbove(folder: string, repository: string): string | undefined {
  if (existsSync(join(folder, "flake.nix"))) return folder;
  return folder === repository || folder === dirname(folder) ? undefined : flakeAbove(dirname(folder), repository);
}

const metadataSchema = z.object({
  path: storePathSchema,
  locked: z.object({ narHash: z.string(), dir: z.string().optional() }),
});

async function fetchTree(
  { reference }: FlakeRequest,
  how: Omit<FlakeRequest, "reference">,
  cache: { cacheDir?: string },
  signal: AbortSignal,
): Promise<SourceTree> {
  const overrides = Object.entries(how.overrideInputs ?? {}).flatMap(([name, to]) => ["--override-input", name, to]);
  const args = ["flake", "metadata", "--json", "--no-update-lock-file", ...overrides, reference];
  const text = await runNix([...args, ...optionArgs(how)], { signal, purpose: `${reference}: fetch the flake` });
  const { path, locked } = metadataSchema.parse(JSON.parse(text));
  const name = createHash("sha256").update(reference).digest("hex").slice(0, 16);
  const root = await gcRoot(`source-${name}`, cache);
  await runNix(["build", "--out-link", root, path], { signal, purpose: `${reference}: keep the source` });
  const tree = { root: reference, path, storePath: path, narHash: locked.narHash };
  return locked.dir === undefined ? tree : { ...tree, dir: locked.dir };
}

function withAttribute(reference: string): FlakeReferenceError {
  return new FlakeReferenceError({
    summary: `${reference}: a flake is read whole, not one attribute of it`,
    expected: "a flake reference without #",
    found: reference.slice(reference.indexOf("#")),
    at: reference,
    fix: `write ${reference.slice(0, reference.indexOf("#")) || "."}; machines are chosen by their names`,
  });
}

function noFlake(reference: string, folder: string): FlakeReferenceError {
  return new FlakeReferenceError({
    summary: `${reference}: there is no flake here`,
    expected: "flake.nix in the folder, or above it in the same repository",
    found: "no such file",
    at: folder,
    fix: "name the flake's folder, or another flake reference such as github:owner/name",
  });
}
