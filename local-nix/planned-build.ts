import { runNix } from "./nix-command.ts";

/** What Nix would do for a derivation whose outputs are not all here. */
export interface PlannedBuild {
  /** Derivations to build, by this machine or one of its Nix' builders. */
  readonly derivations: number;
  /** Store paths that a substituter has. */
  readonly fetchedPaths: number;
  /** Bytes to download for them, as far as the substituters know their size. */
  readonly downloadBytes: number;
}

/**
 * Asks Nix, which asks its substituters; nothing is built or fetched.
 * @param drvPath - in the local store. @returns undefined: Nix lacks something of it, a derivation that was collected for instance.
 * @throws {NixLimitError} where it does not answer in time. @throws {NixError}
 */
export async function readPlannedBuild(
  drvPath: string,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<PlannedBuild | undefined> {
  const lines: string[] = [];
  await runNix(["build", "--dry-run", "--no-link", `${drvPath}^out`], {
    signal,
    deadlineMs,
    purpose: "ask what is to be built",
    onLog: (line) => void lines.push(line),
  });
  return parsePlannedBuild(lines);
}

const units: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const toBuild = /^(?:this|these) (?:(\d+) )?derivations? will be built:$/;
const toFetch = /^(?:this|these) (?:(\d+) )?paths? will be fetched \(([\d.]+) ([KMGT]?i?B) download, .*\):$/;

const cannotBuild = /^don't know how to build /;

/**
 * Source: nix 2.26, src/libmain/shared.cc, printMissing; a list without a number has one entry. Other lines are passed over.
 * @returns undefined: it does not know how to build something of it.
 */
export function parsePlannedBuild(lines: readonly string[]): PlannedBuild | undefined {
  if (lines.some((line) => cannotBuild.test(line))) return undefined;
  const found = (form: RegExp): RegExpExecArray | undefined =>
    lines.map((line) => form.exec(line.trimEnd())).find((match) => match !== null) ?? undefined;
  const built = found(toBuild);
  const fetched = found(toFetch);
  return {
    derivations: built === undefined ? 0 : Number(built[1] ?? 1),
    fetchedPaths: fetched === undefined ? 0 : Number(fetched[1] ?? 1),
    downloadBytes: fetched === undefined ? 0 : Math.round(Number(fetched[2]) * (units[fetched[3] ?? ""] ?? 1)),
  };
}
