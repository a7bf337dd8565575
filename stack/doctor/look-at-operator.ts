import { statfs } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { findOperatorKeys } from "../../clan/vars/age/operator-keys.ts";
import { isRecentZstd } from "../../deploy/store/delta/read-delta-plan.ts";
import { FleetError } from "../../errors.ts";
import { defaultCacheDir } from "../../local-nix/cache-folder.ts";
import { nixVersion, oldestNix, runNix } from "../../local-nix/nix-command.ts";
import { broken, type Diagnosis, doubtful, fine, renderSpace } from "./diagnosis.ts";
import { askProgram, isAtLeast } from "./programs.ts";

/** What of the operator's machine matters beside what every fleet needs. */
export interface OperatorNeeds {
  /** Folder of Pulumi.yaml; absent: there is no project here, and its state is not asked about. */
  readonly project?: string;
  /** The fleet has vars that are secret. */
  readonly secrets: boolean;
  /** Programs that the stack names, with what for: `nixos-anywhere`. */
  readonly programs: readonly { readonly file: string; readonly why: string }[];
}

/** The versions that this project was tested with. Source: `engines` of package.json, ADR 4; notes on Pulumi's behaviour are of 3.250. */
const oldestNode = [24, 0] as const;
const oldestPulumi = [3, 250] as const;
const scarceKib = 5 * 1024 * 1024;

/** Looks at this machine: programs and their versions, the state's backend, keys, space. Changes nothing. */
export async function diagnoseOperator(needs: OperatorNeeds, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const found = await Promise.all([
    judgeNode(process.version),
    diagnoseNix(signal),
    diagnoseProgram("git", ["--version"], "the fleet's files are listed by it", signal),
    diagnosePulumi(signal),
    needs.project === undefined ? [] : diagnoseState(needs.project, signal),
    diagnoseProgram("ssh", ["-V"], "ProxyCommand, certificates and agents of hardware keys go through it", signal),
    diagnoseZstd(signal),
    needs.secrets ? diagnoseKeys() : [],
    diagnoseSpace(),
    ...needs.programs.map(({ file, why }) => diagnoseProgram(file, ["--version"], why, signal)),
  ]);
  return found.flat();
}

function judgeNode(version: string): Diagnosis {
  if (isAtLeast(version, oldestNode)) return fine("node", version);
  return broken("node", version, `install Node ${oldestNode[0]} or later, which runs TypeScript as it is`);
}

const storeSchema = z.looseObject({
  version: z.string().optional(),
  trusted: z.union([z.boolean(), z.int()]).nullish(),
});

async function diagnoseNix(signal: AbortSignal): Promise<readonly Diagnosis[]> {
  try {
    const version = await nixVersion(signal);
    const answer: unknown = JSON.parse(await runNix(["store", "info", "--json"], { signal, deadlineMs: 15_000 }));
    const { trusted } = storeSchema.parse(answer);
    const nix = fine("nix", version);
    if (trusted !== false && trusted !== 0) return [nix];
    const fix = `nix.settings.trusted-users = [ "${process.env["USER"] ?? "you"}" ]; here, if builds on hosts or substituters are refused`;
    return [nix, doubtful("nix trust", "this machine's daemon does not trust you", fix)];
  } catch (error) {
    if (!(error instanceof FleetError || error instanceof z.ZodError)) throw error;
    if (error instanceof FleetError) return [broken("nix", error.facts.found, error.facts.fix)];
    return [
      doubtful("nix", "its store answers in a form that is not known", `use Nix ${oldestNix.join(".")} or later`),
    ];
  }
}

async function diagnosePulumi(signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const answer = await askProgram("pulumi", ["version"], signal);
  if (answer.kind !== "answered") {
    const found = answer.kind === "missing" ? "not on PATH" : answer.said;
    return [broken("pulumi", found, "https://www.pulumi.com/docs/install; `fleet deploy` works without")];
  }
  const version = answer.text;
  if (isAtLeast(version, oldestPulumi)) return [fine("pulumi", version)];
  const fix = `install ${oldestPulumi.join(".")} or later: what it does after a failed step was tested with that`;
  return [doubtful("pulumi", version, fix)];
}

/** @param project - folder whose Pulumi.yaml may name a backend. */
async function diagnoseState(project: string, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const answer = await askProgram("pulumi", ["whoami", "--json", "--non-interactive"], signal, project);
  if (answer.kind === "missing") return []; // told already
  const { data } = whoSchema.safeParse(answer.kind === "answered" ? parseJson(answer.text) : undefined);
  if (data !== undefined) return [fine("state", withoutCredentials(data.url))];
  const said = answer.kind === "failed" ? answer.said : "an answer of another form";
  const fix = "pulumi login, or name the backend: PULUMI_BACKEND_URL, backend.url in Pulumi.yaml (docs/stacks.md)";
  return [doubtful("state", `the backend of the stacks' state: ${said}`, fix)];
}

const whoSchema = z.looseObject({ url: z.string() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/, "");
}

async function diagnoseProgram(
  file: string,
  args: readonly string[],
  why: string,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const answer = await askProgram(file, args, signal);
  const check = basename(file);
  if (answer.kind === "answered") return fine(check, answer.text.split("\n", 1)[0] ?? "");
  return broken(check, answer.kind === "missing" ? "not there, or not on PATH" : answer.said, `install it: ${why}`);
}

/** Nothing depends on it but the bytes of a push. */
async function diagnoseZstd(signal: AbortSignal): Promise<Diagnosis> {
  const answer = await askProgram("zstd", ["--version"], signal);
  if (answer.kind === "answered" && isRecentZstd(answer.text))
    return fine("zstd", /v\d[\d.]*\d/.exec(answer.text)?.[0] ?? answer.text);
  const found = answer.kind === "answered" ? answer.text : answer.kind === "missing" ? "not on PATH" : answer.said;
  return doubtful(
    "zstd",
    found,
    "install 1.4.5 or later: pushes over slow ways send differences with it (docs/push.md)",
  );
}

async function diagnoseKeys(): Promise<readonly Diagnosis[]> {
  const keys = await findOperatorKeys();
  if (keys.any) return [fine("age key", keys.searched.filter((place) => !/\((?:not|0)/.test(place)).join(", "))];
  const fix = "name your key: SOPS_AGE_KEY_FILE=<file>, or make one (docs/secrets.md)";
  return [doubtful("age key", `none, and the fleet has secrets; looked at ${keys.searched.join(", ")}`, fix)];
}

async function diagnoseSpace(): Promise<readonly Diagnosis[]> {
  const places = [
    ["/nix/store", "space"],
    [defaultCacheDir(), "cache space"],
  ] as const;
  return (await Promise.all(places.map(([folder, check]) => diagnoseFolder(folder, check)))).flat();
}

async function diagnoseFolder(folder: string, check: string): Promise<readonly Diagnosis[]> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const kib = (bavail * bsize) / 1024;
    const found = `${renderSpace(kib)} free at ${folder}`;
    return [
      kib < scarceKib ? doubtful(check, found, "nix-collect-garbage --delete-older-than 14d") : fine(check, found),
    ];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return []; // made when it is needed
    throw error;
  }
}
