import type { FileChange } from "./draft.ts";

/** Lines around a change. */
const context = 3;

type Mark = " " | "-" | "+";

/** A line of a patch, and how many lines of the old and of the new text stand above it. */
interface PatchLine {
  readonly mark: Mark;
  readonly text: string;
  readonly old: number;
  readonly now: number;
}

/** The change as `git apply` takes it. */
export function renderPatch({ path, before, after }: FileChange): string {
  const lines = compareLines(linesOf(before ?? ""), linesOf(after ?? ""));
  const made = before === null ? ["new file mode 100644"] : [];
  const removed = after === null ? ["deleted file mode 100644"] : [];
  const head = [
    `diff --git a/${path} b/${path}`,
    ...made,
    ...removed,
    `--- ${before === null ? "/dev/null" : `a/${path}`}`,
    `+++ ${after === null ? "/dev/null" : `b/${path}`}`,
  ];
  return [...head, ...hunksOf(lines).flatMap(renderHunk)].map((line) => `${line}\n`).join("");
}

/** Lines with their line feeds. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function compareLines(old: readonly string[], now: readonly string[]): readonly PatchLine[] {
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same++;
  let end = 0;
  while (end < old.length - same && end < now.length - same && old.at(-1 - end) === now.at(-1 - end)) end++;
  const middle = compareMiddle(old.slice(same, old.length - end), now.slice(same, now.length - end));
  const marked: (readonly [Mark, string])[] = [
    ...old.slice(0, same).map((text) => [" ", text] as const),
    ...middle,
    ...old.slice(old.length - end).map((text) => [" ", text] as const),
  ];
  const at = { old: 0, now: 0 };
  return marked.map(([mark, text]) => {
    const line = { mark, text, ...at };
    if (mark !== "+") at.old++;
    if (mark !== "-") at.now++;
    return line;
  });
}

/** Beyond that many pairs of lines all old ones go and all new ones come. */
const mostPairs = 4_000_000;

/** By the longest common subsequence: `common[i][j]` is its length from old line i and new line j on. */
function compareMiddle(old: readonly string[], now: readonly string[]): readonly (readonly [Mark, string])[] {
  const width = now.length + 1;
  const common = old.length * now.length > mostPairs ? undefined : new Uint32Array((old.length + 1) * width);
  const length = (i: number, j: number): number => common?.[i * width + j] ?? 0;
  if (common !== undefined)
    for (let i = old.length - 1; i >= 0; i--)
      for (let j = now.length - 1; j >= 0; j--)
        common[i * width + j] =
          old[i] === now[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
  const marked: (readonly [Mark, string])[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [left, right] = [old[i], now[j]];
    if (left !== undefined && left === right && common !== undefined) {
      marked.push([" ", left]);
      [i, j] = [i + 1, j + 1];
    } else if (left !== undefined && (right === undefined || length(i + 1, j) >= length(i, j + 1))) {
      marked.push(["-", left]);
      i++;
    } else {
      marked.push(["+", right ?? ""]);
      j++;
    }
  }
  return marked;
}

/** Changes with the lines around them; those whose surroundings touch are one hunk. */
function hunksOf(lines: readonly PatchLine[]): readonly (readonly PatchLine[])[] {
  const hunks: { from: number; to: number }[] = [];
  for (const [index, { mark }] of lines.entries()) {
    if (mark === " ") continue;
    const last = hunks.at(-1);
    if (last !== undefined && index - context <= last.to) last.to = index + context + 1;
    else hunks.push({ from: Math.max(0, index - context), to: index + context + 1 });
  }
  return hunks.map(({ from, to }) => lines.slice(from, to));
}

function renderHunk(lines: readonly PatchLine[]): readonly string[] {
  const span = (side: "old" | "now", without: Mark): string => {
    const length = lines.filter(({ mark }) => mark !== without).length;
    const above = lines[0]?.[side] ?? 0;
    return `${length === 0 ? above : above + 1},${length}`;
  };
  const body = lines.map(({ mark, text }) =>
    text.endsWith("\n") ? mark + text.slice(0, -1) : `${mark}${text}\n\\ No newline at end of file`,
  );
  return [`@@ -${span("old", "+")} +${span("now", "-")} @@`, ...body];
}
