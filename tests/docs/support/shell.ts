/** One command of a shell script, as far as the documentation's checks need it. */
export interface Statement {
  /** Program and arguments without their quotes; variables stay as written: `$STACK`. */
  readonly words: readonly string[];
  /** Files that its output goes to. */
  readonly writes: readonly string[];
}

/** Words that stand before a command and are none. */
const reserved = new Set([
  "if",
  "then",
  "else",
  "elif",
  "fi",
  "do",
  "done",
  "while",
  "until",
  "for",
  "in",
  "!",
  "{",
  "}",
]);
const assignment = /^\w+=/;

/**
 * The commands of a script: those joined by pipes and operators, in groups, functions and `$(…)`, each by itself.
 * @param script - sh or bash, without `case`.
 * Source: POSIX.1-2024, XCU 2.2, 2.3, 2.7, 2.9.
 */
export function statementsOf(script: string): Statement[] {
  const statements: Statement[] = [];
  let words: string[] = [];
  let writes: string[] = [];
  let redirect: string | undefined;
  let word: string | undefined;
  const endWord = (): void => {
    if (word === undefined) return;
    if (redirect === undefined) words.push(word);
    else if (redirect.includes(">") && !/^(&\d|\/dev\/)/.test(word)) writes.push(word);
    [word, redirect] = [undefined, undefined];
  };
  const endStatement = (): void => {
    endWord();
    const start = words.findIndex((one) => !reserved.has(one) && !assignment.test(one));
    // A group's own output: `{ …; } > file`.
    if (start >= 0 || writes.length > 0) statements.push({ words: start < 0 ? [] : words.slice(start), writes });
    [words, writes] = [[], []];
  };
  const pieces = withoutHereDocuments(script).matchAll(
    /\\(?<escaped>[\s\S])|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|(?<comment>(?<=^|\s)#.*)|(?<redirect>\d?(?:>>|<<<|>|<))(?<toDescriptor>&\d)?|(?<command>\$\()|(?<end>&&|\|\||[;|&()\n])|(?<blank>[ \t]+)|(?<plain>[\s\S])/g,
  );
  for (const { groups = {} } of pieces) {
    if (groups["comment"] !== undefined || groups["escaped"] === "\n") continue;
    const text =
      groups["escaped"] ?? groups["single"] ?? groups["double"]?.replaceAll(/\\(["\\$`])/g, "$1") ?? groups["plain"];
    if (text !== undefined) word = (word ?? "") + text;
    else if (groups["blank"] !== undefined) endWord();
    else if (groups["redirect"] !== undefined) {
      endWord();
      redirect = groups["toDescriptor"] === undefined ? groups["redirect"] : undefined;
    } else endStatement();
  }
  endStatement();
  return statements;
}

/** The text between `<<END` and `END` is no command. */
function withoutHereDocuments(script: string): string {
  return script.replaceAll(/<<-?\s*(['"]?)(\w+)\1(.*)\n[\s\S]*?^\t*\2$/gm, "$3");
}
