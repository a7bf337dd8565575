/**
 * Compares what a command prints with what a page shows of it.
 * @param shown - lines; `…` stands for anything, alone on its line for any lines; hashes, times and what else is other each
 * time for others of their kind, several blanks for any number
 * @returns the first line that is missing where it should stand; absent: none.
 */
export function missingLine(shown: readonly string[], printed: string): string | undefined {
  const lines = printed.trimEnd().split("\n");
  let next = 0;
  let maySkip = false;
  for (const line of shown) {
    if (line.trim() === "…") {
      maySkip = true;
      continue;
    }
    const pattern = patternOf(line);
    const found = lines.findIndex((one, index) => index >= next && pattern.test(one));
    if (found < 0 || (found > next && !maySkip)) return line;
    next = found + 1;
    maySkip = false;
  }
  return next < lines.length && !maySkip ? `the end, instead of ${lines[next]}` : undefined;
}

/**
 * As `missingLine`, for what is printed in the order in which it comes to pass, with more between it than a page shows.
 * @returns the lines that are not printed
 */
export function linesNotPrinted(shown: readonly string[], printed: string): string[] {
  const lines = withoutBranches(printed).split("\n");
  return shown.filter((line) => !lines.some((one) => patternOf(withoutBranches(line)).test(one)));
}

/** Which branch of a tree is its last depends on their order. */
function withoutBranches(text: string): string {
  return text.replaceAll(/[│├└─]/g, " ");
}

/** What is other on every machine and every day: how a page shows it → what is printed. */
const others: readonly (readonly [RegExp, string])[] = [
  [/\b(?=[a-z]*\d)[0-9a-df-np-sv-z]{7}(?:[0-9a-df-np-sv-z]{25})?\b/g, "\\w{7}(?:\\w{25})?"], // of a store path: Nix' base 32
  [/\b[0-9a-z]{7}(?=-(?:nixos|darwin)-system)/g, "\\w{7}"], // one without a digit
  [/\b\d{4}-\d\d-\d\dT[\d:]{8}Z/g, "\\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z"],
  [/\b[A-Z][a-z]{2} [ \d]\d [\d:]{8}\b/g, "[A-Z][a-z]{2} [ \\d]\\d [\\d:]{8}"], // the journal's
  [/\\\[\d+\\\]/g, "\\[\\d+\\]"], // of a process
  [/(?<= {2})\d+ (?:s|min|h|d)\b/g, "\\d+ (?:s|min|h|d)"], // an age, in a column
  [/\byou@here\b/g, "\\S+"],
];

function patternOf(line: string): RegExp {
  const escaped = line.trimEnd().replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const text = others.reduce((before, [shown, printed]) => before.replaceAll(shown, () => printed), escaped);
  return new RegExp(`^${text.replaceAll("…", ".*").replaceAll(/ {2,}/g, " +")}\\s*$`);
}

/**
 * What stands on a terminal in the end.
 * @param printed - to a terminal that nobody scrolls: a table that was drawn again and again begins with its head
 * Source: ECMA-48, 5.4 (control sequences), and xterm's OSC.
 */
export function lastDrawn(printed: string, head: RegExp): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const plain = printed.replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u001b\u0007]*(?:\u0007|\u001b\\))|\r/g, "");
  const lines = plain.split("\n");
  const start = lines.findLastIndex((line) => head.test(line));
  return lines.slice(Math.max(0, start)).join("\n");
}
