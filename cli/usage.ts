import { InvalidArgumentError } from "commander";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";

/** An option whose parser throws is wrong usage. */
export function usage<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** `[user@]host[:port]` of option `--host`, as it was written. @throws what `usage` makes wrong usage of */
export function checkTarget(text: string): string {
  parseTarget(text, "--host");
  return text;
}
