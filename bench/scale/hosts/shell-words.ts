/**
 * The words of a command line that `quoteCommand` wrote: plain characters, single quotes, and backslashes outside of them.
 * @returns undefined for what else a shell would understand
 */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = line;
  while (rest !== "") {
    const word = /^(?:[A-Za-z0-9_@+:,./-]|'[^']*'|\\['\\])+/.exec(rest)?.[0];
    if (word === undefined) return undefined;
    words.push(word.replaceAll(/'([^']*)'|\\(.)/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ""));
    rest = rest.slice(word.length);
    if (rest === "") break;
    if (!rest.startsWith(" ")) return undefined;
    rest = rest.slice(1);
    if (rest === "") return undefined;
  }
  return words;
}
