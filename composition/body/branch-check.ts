import { formatLocation } from "../source-location.ts";
import { blankText } from "./blank-text.ts";
import { NixSymbolMisuseError } from "./errors.ts";
import type { DefinedBody } from "./evaluate-body.ts";
import { bodyArgumentNames } from "./symbol.ts";

/** An attribute path with calls on it, as deep as it is written on one line. */
const path = String.raw`(?:\??\.\s*[\w$]+|\[[^\][\n]*\]|\((?:[^()\n]|\([^()\n]*\))*\))*`;

/**
 * Refuses a body that branches on a symbol. No Proxy sees `if (config.x)`, `config.x ? a : b`, `&&`, `||`, `??`, `!`,
 * `===`: they would always take the same branch, silently. So the function's own text is looked at; a symbol that was
 * given another name first (`const on = config.x`) is not recognised.
 * @throws {NixSymbolMisuseError}
 */
export function refuseBranches(body: object, defined: DefinedBody): void {
  const source = blankText(String(body));
  const names = symbolicNames(source);
  if (names.length === 0) return;
  const found = findBranch(source.slice(parametersEnd(source)), names);
  if (found === undefined) return;
  throw new NixSymbolMisuseError({
    summary: `a body decides in JavaScript what only Nix knows: \`${found}\``,
    expected: "decisions on data of the flake's level, or in Nix",
    found,
    at: formatLocation(defined.definedAt),
    fix: "use lib.mkIf, lib.optionals or lib.optionalString of the body's arguments, or write this part as a nix template",
  });
}

/** Arguments of the body that are symbols under their own name: `({ config, lib }) => …`. */
function symbolicNames(source: string): readonly string[] {
  const [, parameters = ""] = /^[^({]*\(?\s*\{([^}]*)\}/.exec(source) ?? [];
  const stated = parameters.split(",").map((parameter) => parameter.trim());
  return bodyArgumentNames.filter((name) => stated.includes(name));
}

function parametersEnd(source: string): number {
  return source.indexOf("}") + 1;
}

/** A word or a mark that everything refused has. */
const decides = /\b(?:if|while|of)\b|[!?]|===|&&|\|\||\]\s*(?:=|\.|\[)/;

function findBranch(source: string, names: readonly string[]): string | undefined {
  // Most bodies decide nothing, and the expression below takes longer to compile than all else that is done to them.
  if (!decides.test(source)) return undefined;
  const symbolic = String.raw`(?<![\w$.])(?:${names.join("|")})\b(?!\s*:)${path}`;
  const branches = [
    String.raw`\b(?:if|while)\s*\(\s*${symbolic}\s*\)`,
    String.raw`!\s*${symbolic}`,
    String.raw`${symbolic}\s*(?:===|!==|&&|\|\||\?\?|\?(?![.?]))`,
    String.raw`(?:===|!==)\s*${symbolic}`,
    // A spread has one element here, whatever it has in Nix.
    String.raw`\bof\s+${symbolic}`,
    String.raw`\b(?:const|let|var)\s*\[[^\]]*\]\s*=\s*${symbolic}`,
    String.raw`\[[^\][]*\.\.\.\s*(?:${names.join("|")})\b${path}[^\][]*\]\s*(?:\.(?!\.)\s*\w+|\[[^\]]*\])`,
  ];
  return new RegExp(branches.join("|")).exec(source)?.[0].replace(/\s+/g, " ").trim();
}
