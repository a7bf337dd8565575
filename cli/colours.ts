import { styleText } from "node:util";

/** What a text is, where its lines do not say so themselves: an error's first line, or all of a warning. */
export type Tone = "error" | "warning";

/** The one rule: the stream is a terminal that is not dumb, and NO_COLOR is not there, or empty. Source: no-color.org */
export function hasColours({ isTTY }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

type Colour = "red" | "yellow" | "green" | "bold";

/** How findings, diagnoses, outcomes and states are called → their colour; what is neither good nor bad has none. */
const colourOf: Readonly<Record<string, Colour>> = {
  ...all("green", ["ok", "switched"]),
  ...all("yellow", [
    "warning",
    "differs",
    "held",
    "queued",
    "skipped",
    "staged-for-reboot",
    "switched-with-failed-units",
  ]),
  ...all("yellow", ["no-address", "superseded", "interrupted"]),
  ...all("red", ["error", "ERROR", "failed", "refused", "rolled-back", "rollback-failed", "commit-failed"]),
  ...all("red", ["unreachable", "host-key", "authentication"]),
};

function all(colour: Colour, words: readonly string[]): Record<string, Colour> {
  return Object.fromEntries(words.map((word) => [word, colour]));
}

/**
 * Colours the words that a reader looks for, where our own layouts have them: the word that begins a finding or a diagnosis,
 * the second column of a table, and what is to be done. Data for programs has none of these layouts.
 * @param text - without control characters
 */
export function paint(text: string, tone?: Tone): string {
  const lines = text.split("\n").map((line) => paintLine(line));
  if (tone === "warning") return lines.map((line) => (line === "" ? line : style("yellow", line))).join("\n");
  if (tone === "error") return [style("red", lines[0] ?? ""), ...lines.slice(1)].join("\n");
  return lines.join("\n");
}

function paintLine(line: string): string {
  const [, advice, rest] = /^(\s+fix:? )(.*)$/.exec(line) ?? [];
  if (advice !== undefined) return `${style("bold", advice)}${rest}`;
  // `  error   FC001  …`, `  ERROR    nix  …`, and `galena   switched  …`
  const [, before, word, after] = /^( {2}|[A-Za-z0-9][\w.-]* {2,})([A-Za-z-]+)( {2,}.*|)$/.exec(line) ?? [];
  const colour = word === undefined ? undefined : Object.hasOwn(colourOf, word) ? colourOf[word] : undefined;
  if (word === undefined || colour === undefined) return line;
  return `${before}${style(colour, word)}${after}`;
}

/** Whether the stream may have colours was decided before. */
function style(colour: Colour, text: string): string {
  return styleText(colour, text, { validateStream: false });
}
