import { readFileSync } from "node:fs";
import type { RemoteScript } from "./ssh/remote-command.ts";

const preamble = new URL("./activation/scripts/preamble.sh", import.meta.url);

/** The files' text after the beginning that all scripts share. */
export function composeText(files: readonly URL[]): string {
  return [preamble, ...files].map((file) => readFileSync(file, "utf8")).join("\n");
}

/** One compound command: a script that was cut on the way is a syntax error, and runs not even in part. */
export function composeScript(name: string, files: readonly URL[], args: readonly string[]): RemoteScript {
  return { name: `pulumi-clan ${name}`, text: `{\n${composeText(files)}\nexit\n}\n`, args };
}
