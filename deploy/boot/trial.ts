import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";
import { renderGrubEnv } from "./grub-files.ts";
import { checkTrial, filesOf, reasonAgainstTrial } from "./plan-trial.ts";
import { type BootFacts, readBoot } from "./read-boot.ts";

export type TrialResult =
  | {
      readonly kind: "staged";
      /** The next boot, and only that one, starts this entry. */
      readonly entry: string;
      readonly boots: StorePath;
      /** What every later boot starts. */
      readonly default: string;
      /** What resets the machine when the new kernel hangs; empty: somebody must. */
      readonly resetBy: readonly string[];
      readonly mayAskPassphrase: boolean;
    }
  /** The host boots as before. */
  | { readonly kind: "impossible"; readonly reason: string };

export interface TrialRequest {
  /** The profile gets this one. */
  readonly toplevel: StorePath;
  /** What the entry shall start; default: `toplevel`. Another one is a specialisation's toplevel. */
  readonly boots?: StorePath;
}

const script = new URL("./scripts/trial.sh", import.meta.url);
/** Copying kernels to a slow ESP and running a loader's installer takes its time. */
const deadlineSeconds = 300;

/**
 * Has the next boot, and only that one, start a system: it gets a profile of its own, the old system's
 * `switch-to-configuration boot` writes entries for both and keeps its default, and a one-shot entry is set.
 * Nothing is rebooted here. May be repeated; a failure leaves nothing behind.
 */
export async function stageTrial(
  shell: RootShell,
  { toplevel, boots = toplevel }: TrialRequest,
  report: Report,
  signal: AbortSignal,
): Promise<TrialResult> {
  const before = await readBoot(shell, boots, signal);
  const reason = reasonAgainstTrial(before);
  if (reason !== undefined) return impossible(shell, report, reason);
  const written = await run(shell, ["stage", toplevel], signal);
  if (written !== undefined) return undone(shell, report, before, written, signal);
  const after = await readBoot(shell, boots, signal);
  const check = checkTrial(before, after, boots);
  if (check.kind === "wrong") return undone(shell, report, after, check.reason, signal);
  const kind = after.loader.kind === "grub" ? "grub" : "systemd-boot";
  const places = filesOf(kind, check.entry).map((list) => list.join(":"));
  const failed =
    (await run(shell, ["present", ...places], signal)) ?? (await setOneShot(shell, after, check.entry.id, signal));
  if (failed !== undefined) return undone(shell, report, after, failed, signal);
  const { resetBy, mayAskPassphrase } = after;
  const message = `the next boot starts ${boots} (${check.entry.id}); a hanging machine is reset by ${resetBy.join(", ") || "nobody but you"}`;
  report({ level: resetBy.length === 0 ? "warning" : "info", subject: shell.machine, phase: "boot", message });
  return {
    kind: "staged",
    entry: check.entry.id,
    boots,
    default: after.loader.default?.id ?? "",
    resetBy,
    mayAskPassphrase,
  };
}

/** After the trial was committed or given up: no one-shot entry, no trial profile, no entries of it. @returns why not; undefined: done */
export async function clearTrial(shell: RootShell, signal: AbortSignal): Promise<string | undefined> {
  const facts = await readBoot(shell, undefined, signal);
  const cleared = await setOneShot(shell, facts, "", signal);
  return (await run(shell, ["clear"], signal)) ?? cleared;
}

async function setOneShot(
  shell: RootShell,
  { loader }: BootFacts,
  entry: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (loader.kind === "systemd-boot" && loader.withoutOneShot === undefined)
    return run(shell, ["bootctl", entry], signal);
  const variable = loader.grub?.variable;
  const environment = loader.grub?.environment;
  if (loader.kind !== "grub" || variable === null || variable === undefined || environment === undefined)
    return undefined;
  const others = [...environment].filter(([name]) => name !== variable);
  const block = renderGrubEnv(new Map(entry === "" ? others : [...others, [variable, entry]]));
  if (block === undefined) return "grubenv is full";
  return run(shell, ["grubenv", Buffer.from(block).toString("base64")], signal);
}

function impossible(shell: RootShell, report: Report, reason: string): TrialResult {
  report({ level: "warning", subject: shell.machine, phase: "boot", message: `no trial boot: ${reason}` });
  return { kind: "impossible", reason };
}

async function undone(
  shell: RootShell,
  report: Report,
  facts: BootFacts,
  reason: string,
  signal: AbortSignal,
): Promise<TrialResult> {
  const left = (await setOneShot(shell, facts, "", signal)) ?? (await run(shell, ["clear"], signal));
  return impossible(shell, report, left === undefined ? reason : `${reason}; clearing up: ${left}`);
}

/** @returns the last words of what failed */
async function run(shell: RootShell, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const command = composeScript(`trial ${args[0]}`, [script], args);
  const { code, stdout, stderr } = await shell.exec(command, { deadlineSeconds }, signal);
  if (code === 0) return undefined;
  const words = `${stdout}\n${stderr}`.trimEnd().split("\n").at(-1)?.slice(0, 500);
  return words || `ended with ${code ?? "a signal"}`;
}
