import { type NixSymbol, symbol } from "./body/symbol.ts";
import { UnknownInputError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import { listNames } from "./show-value.ts";
import { captureLocation, formatLocation } from "./source-location.ts";

/**
 * The flake's inputs as a module of the flake's level gets them: symbolic, and closed to names that fleet.ts does not
 * declare. `self` is always there.
 */
export function declaredInputs(root: string, names: readonly string[]): NixSymbol {
  const inner = symbol("inputs");
  const known = new Set([...names, "self"]);
  return new Proxy(inner, {
    get: (target, name) => {
      if (typeof name === "symbol" || known.has(name) || languageKeys.has(name)) return Reflect.get(target, name);
      throw new UnknownInputError({
        summary: `inputs.${name}: fleet.ts declares no such input`,
        expected: `one of ${listNames([...known])}`,
        found: JSON.stringify(name),
        at: formatLocation(captureLocation(root)),
        fix: didYouMean(name, known) ?? `declare it in fleet.ts: inputs: { ${JSON.stringify(name)}: { url: "…" } }`,
      });
    },
  });
}

/** JavaScript asks for these by itself; the symbol answers with its own message. */
const languageKeys: ReadonlySet<string> = new Set(["then", "toJSON", "toString", "toLocaleString", "valueOf"]);
