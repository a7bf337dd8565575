/**
 * JavaScript source with comments and the text of strings replaced by blanks of the same length, so that patterns meet
 * code only. Code inside of template strings stays. Regular expressions are taken for code.
 * Source: ECMAScript 2025, lexical grammar of strings, templates and comments.
 */
export function blankText(source: string): string {
  const templates: number[] = []; // open braces in the code of each template string around, innermost last
  let result = "";
  for (let at = 0; at < source.length; ) {
    const length = textLength(source, at, templates);
    result += length === 0 ? source.charAt(at) : source.slice(at, at + length).replace(/[^\n]/g, " ");
    at += Math.max(length, 1);
  }
  return result;
}

/** Length of the text that begins here; 0: code. */
function textLength(source: string, at: number, templates: number[]): number {
  const one = source.charAt(at);
  const two = source.slice(at, at + 2);
  if (two === "//") return match(/\/\/.*/y, source, at);
  if (two === "/*") return match(/\/\*[\s\S]*?\*\//y, source, at);
  if (one === '"') return match(/"(?:[^"\\\n]|\\[\s\S])*"/y, source, at);
  if (one === "'") return match(/'(?:[^'\\\n]|\\[\s\S])*'/y, source, at);
  if (one === "`") return templatePart(source, at, templates);
  const depth = templates.at(-1);
  if (depth === undefined) return 0;
  if (one === "}" && depth === 0) {
    templates.pop();
    return templatePart(source, at, templates);
  }
  if (one === "{") templates[templates.length - 1] = depth + 1;
  if (one === "}") templates[templates.length - 1] = depth - 1;
  return 0;
}

/** From the opening quote, or the end of an interpolation, to the next interpolation or the closing quote. */
function templatePart(source: string, at: number, templates: number[]): number {
  const length = match(/[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y, source, at);
  if (source.slice(at, at + length).endsWith("${")) templates.push(0);
  return length;
}

function match(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0].length ?? 1;
}
