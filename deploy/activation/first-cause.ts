/**
 * What a log says went wrong first, in one line: what comes last is mostly a summary of it, or the list of what failed as well.
 * @param log - of an activation, a commit, or a unit's journal.
 * @returns undefined: no line of a known form; then the last line is as good as any.
 */
export function firstCause(log: string): string | undefined {
  const lines = log.split("\n").map(plain);
  for (const rule of rules) {
    const at = lines.findIndex((line) => rule.line.test(line));
    if (at >= 0) return rule.render(lines, at).slice(0, 500);
  }
  return undefined;
}

/** The first cause, or the last line. */
export function causeOf(log: string): string {
  return firstCause(log) ?? lastLine(log);
}

export function lastLine(log: string): string {
  return log.trimEnd().split("\n").at(-1)?.slice(0, 300) ?? "";
}

/** The nearest line before that says something of its own: what a script printed just before it failed. */
export function lineBefore(lines: readonly string[], at: number): string | undefined {
  return lines.slice(0, at).findLast((line) => line.trim() !== "" && !progress.test(line) && !summary.test(line));
}

interface Rule {
  readonly line: RegExp;
  readonly render: (lines: readonly string[], at: number) => string;
}

const withLineBefore: Rule["render"] = (lines, at) => {
  const before = lineBefore(lines, at);
  return before === undefined ? (lines[at] ?? "") : `${lines[at]}: ${before.trim()}`;
};
const asItIs: Rule["render"] = (lines, at) => lines[at]?.trim() ?? "";

/** What announces a step and explains nothing. Source: switch-to-configuration-ng, main.rs; activation scripts of NixOS and nix-darwin. */
const progress =
  /^(?:activating the configuration|setting up |reloading user units|(?:re)?(?:starting|loading|stopping) |NOT restarting|the following new units|switching to system|updating GRUB|pulumi-clan: )/i;
const summary =
  /^(?:Activation script snippet|Pre-switch check|Failed to install bootloader|warning: the following units failed)/;

/**
 * The surest form first. Source: nixpkgs, activation-script.nix, pre-switch-check.nix, switch-to-configuration-ng; home-manager,
 * modules/files (collisions); nix-darwin, modules/system/etc.nix; Rust's and anyhow's error texts.
 */
const rules: readonly Rule[] = [
  // The file's collision stands before home-manager's advice, which is all that a tail of the journal shows.
  { line: /Existing file '.*' (?:is in the way of|would be clobbered)/, render: asItIs },
  { line: /^error: Unexpected files in \/etc/i, render: filesInTheWay },
  { line: /^Activation script snippet '.*' failed \(\d+\)$/, render: withLineBefore },
  { line: /^Pre-switch check '.*' failed$/, render: withLineBefore },
  { line: /^Failed to install bootloader$/, render: withLineBefore },
  { line: /No space left on device|Read-only file system/, render: asItIs },
  { line: /panicked at/, render: (lines, at) => [lines[at], lines[at + 1]].filter(Boolean).join(" ").trim() },
  { line: /^(?:error|fatal)\b(?: \(.*\))?: /i, render: withRoot },
];

/** The files that nix-darwin will not overwrite stand below the line that says so, one a line and indented. */
function filesInTheWay(lines: readonly string[], at: number): string {
  const files = lines.slice(at + 1).flatMap((line) => /^\s+(\/etc\/\S.*)$/.exec(line)?.[1] ?? []);
  return files.length === 0 ? (lines[at] ?? "") : `${lines[at]}: ${files.slice(0, 5).join(", ")}`;
}

/** anyhow lists what lies below an error as `Caused by:`, the root last; nothing else may follow in the list. */
function withRoot(lines: readonly string[], at: number): string {
  const first = lines[at]?.trim() ?? "";
  const below = lines.slice(at + 1).filter((line) => line !== "");
  if (below[0]?.trim() !== "Caused by:") return first;
  const end = below.findIndex((line, index) => index > 0 && !/^\s/.test(line));
  const root = below
    .slice(1, end < 0 ? undefined : end)
    .at(-1)
    ?.trim()
    .replace(/^\d+: /, "");
  return root === undefined ? first : `${first}: ${root}`;
}

/** Without what journalctl and systemctl status put before a line. */
function plain(line: string): string {
  return line.replace(/^\s*\w{3} \d\d \d\d:\d\d:\d\d \S+ [^\s:[]+\[\d+\]: /, "").replace(/\s+$/, "");
}
