/**
 * Compares what a command prints with what a page shows of it.
 * @param shown - lines; `…` stands for anything, alone on its line for any lines; hashes of store paths stand for others,
 * several blanks for any number
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

function patternOf(line: string): RegExp {
  const text = line
    .trimEnd()
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    .replaceAll(/\b[0-9a-z]{7,32}(?=-(nixos|darwin)-system)/g, "\\w+")
    .replaceAll("…", ".*")
    .replaceAll(/ {2,}/g, " +");
  return new RegExp(`^${text}\\s*$`);
}
