import type { NixComment } from "./nix-tokens.ts";
import type { NixExport, NixModuleText } from "./read-exports.ts";

/** Offsets into a text. */
export interface Cut {
  readonly start: number;
  readonly end: number;
}

/**
 * What goes from a file with definitions: their lines, the comments right above them, and one at their end. A definition that
 * shares its line goes alone.
 */
export function cutsOf(module: NixModuleText, definitions: readonly NixExport[]): readonly Cut[] {
  return definitions.map(({ binding }) => {
    const first = module.tokens[binding.first]?.start ?? 0;
    const last = module.tokens[binding.last]?.end ?? 0;
    return widened(module, first, last);
  });
}

function widened({ text, comments }: NixModuleText, first: number, last: number): Cut {
  const lineStart = text.lastIndexOf("\n", first - 1) + 1;
  const remark = comments.find(({ start, text: said }) => start >= last && said.startsWith("#"));
  const isOnLine = remark !== undefined && /^[ \t]*$/.test(text.slice(last, remark.start));
  const end = isOnLine ? remark.end : last;
  const lineEnd = /[ \t]*(?:\n|$)/y;
  lineEnd.lastIndex = end;
  const rest = lineEnd.exec(text);
  if (text.slice(lineStart, first).trim() !== "" || rest === null) return { start: first, end: isOnLine ? end : last };
  let start = lineStart;
  for (const comment of comments.filter((one) => one.end <= first).reverse()) {
    const line = text.lastIndexOf("\n", comment.start - 1) + 1;
    const isAlone = text.slice(line, comment.start).trim() === "" && /^[ \t]*\n$/.test(text.slice(comment.end, start));
    if (!isAlone) break;
    start = line;
  }
  return { start, end: end + rest[0].length };
}

/** The text without the cuts; where one leaves two blank lines, one of them goes too. */
export function withoutCuts(text: string, cuts: readonly Cut[]): string {
  let left = "";
  let at = 0;
  for (const { start, end } of cuts) {
    left += text.slice(at, start);
    at = end;
    if (/(?:\n|\{)\n$/.test(left) && text[at] === "\n") at++;
  }
  return left + text.slice(at);
}

/** Comments of the cuts, or of the whole file, that nothing else takes along. */
export function commentsLeft(
  { comments }: NixModuleText,
  cuts: readonly Cut[],
  taken: ReadonlySet<NixComment>,
): readonly NixComment[] {
  return comments.filter(
    (comment) => !taken.has(comment) && cuts.some(({ start, end }) => comment.start >= start && comment.end <= end),
  );
}
