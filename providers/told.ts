import { FleetError, FleetErrors, plainText } from "../errors.ts";
import { debugVariable, wantsTrace } from "../stack/debug-trace.ts";
import { explainError } from "../stack/explain-error.ts";
import { wasInterrupted } from "./interruption.ts";

/** What Pulumi calls of a runtime, with each error in words for people: Pulumi shows messages as they are, and stacks of some. */
export function told<Runtime extends object>(runtime: Runtime): Runtime {
  const functions = Object.entries(runtime).map(([name, method]: [string, unknown]) => [
    name,
    isMethod(method) ? inWords(method) : method,
  ]);
  // The same names, with functions of the same arguments and answers.
  return Object.fromEntries(functions) as Runtime;
}

type Method = (...args: never) => unknown;

function isMethod(value: unknown): value is Method {
  return typeof value === "function";
}

function inWords(method: Method): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    try {
      return await Reflect.apply(method, undefined, args);
    } catch (error) {
      throw errorInWords(error);
    }
  };
}

/** One of ours stays itself: with it Pulumi gets what a host's state is now. */
export function errorInWords(error: unknown, debug = wantsTrace(), interrupted = wasInterrupted()): Error {
  const how = { how: `${debugVariable}=1`, debug };
  if (debug) process.stderr.write(`${explainError(error, how)}\n`);
  if (error instanceof FleetError || error instanceof FleetErrors) {
    // Source: @pulumi/pulumi 3.270, cmd/dynamic-provider/index.js: a read's and a delete's is printed.
    if (!debug) error.stack = "";
    return error;
  }
  const words = interrupted ? interruption(error) : explainError(error, { ...how, debug: false });
  const one = new Error(words, { cause: error });
  if (!debug) one.stack = "";
  return one;
}

/** With what was thrown meanwhile: it may be no consequence of the interruption. */
function interruption(error: unknown): string {
  const [found = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  const said = found === "" || found === "interrupted" ? "" : `\n  found:    ${plainText(found)}`;
  return `interrupted${said}\n  fix:      run it again: it goes on where the host stands`;
}
