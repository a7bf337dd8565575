/** Read alike by sh, bash, zsh and fish without quotes: no `=` (zsh), no `%` (fish), no `~` or glob character. */
const plain = /^[A-Za-z0-9_@+:,./-]+$/;

/**
 * One word of a command line, for whatever login shell parses it. The only function that quotes.
 * Backslashes stand outside the quotes: fish reads `\\` and `\'` inside single quotes, POSIX shells do not; outside, all agree.
 * @throws {TypeError} for a NUL, which no argument can hold.
 */
export function quoteWord(word: string): string {
  if (word.includes("\0")) throw new TypeError("an argument cannot hold a NUL character");
  if (plain.test(word)) return word;
  return `'${word.replaceAll(/['\\]/g, (character) => `'\\${character}'`)}'`;
}

/** A command line from its words. */
export function quoteCommand(argv: readonly string[]): string {
  return argv.map(quoteWord).join(" ");
}
