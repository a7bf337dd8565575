/** A page of Markdown with its place in the checkout. */
export interface Page {
  /** Relative to the checkout: `docs/wiring.md`. */
  readonly path: string;
  readonly text: string;
}

/** A passage of a page that is not prose. */
export interface Passage {
  readonly kind: "fence" | "indented" | "span";
  /** Of a fence, what stands behind its backticks: `sh`; empty otherwise. */
  readonly language: string;
  /** As it is shown: without the fence, its indentation, the backticks and the backslashes of a table's cell. */
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** The passages of a page, in its order. Source of the syntax: CommonMark 0.31, 4.4, 4.5, 6.1; GFM 4.10 for cells. */
export function passagesOf(text: string): Passage[] {
  const passages: Passage[] = [];
  const lines = text.split("\n");
  let prose: string[] = [];
  const endProse = (index: number): void => {
    passages.push(...spansOf(prose, index - prose.length + 1));
    prose = [];
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const [, indent = "", ticks, language = ""] = /^( *)(`{3,})(\S*)[^`]*$/.exec(line) ?? [];
    const isIndented = /^ {4}\S/.test(line) && prose.length === 0;
    if (ticks === undefined && !isIndented) {
      if (line.trim() === "") endProse(index);
      else prose.push(line);
      continue;
    }
    endProse(index);
    const rest = lines.slice(index + (isIndented ? 0 : 1));
    const length = isIndented
      ? rest.findIndex((one) => !/^ {4}/.test(one))
      : rest.findIndex((one) => one.trim() === ticks);
    const body = length < 0 ? rest : rest.slice(0, length);
    const drop = isIndented ? 4 : indent.length;
    passages.push({
      kind: isIndented ? "indented" : "fence",
      language,
      text: body.map((one) => one.slice(drop)).join("\n"),
      line: index + (isIndented ? 1 : 2),
    });
    index += body.length + (isIndented ? -1 : 1);
  }
  endProse(lines.length);
  return passages;
}

/** A span may go on in the next line of its paragraph. */
function spansOf(lines: readonly string[], first: number): Passage[] {
  const text = lines.map((line) => (line.startsWith("| ") ? line.replaceAll("\\|", "|") : line)).join("\n");
  return [...text.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/gs)].map((match) => ({
    kind: "span",
    language: "",
    text: (match[2] ?? "").replaceAll(/\s+/g, " ").trim(),
    line: first + text.slice(0, match.index).split("\n").length - 1,
  }));
}
