import { readFileSync } from "node:fs";
import type { RemoteScript } from "../ssh/remote-command.ts";

const parts = {
  facts: ["preamble", "boot-entry", "jobs", "facts"],
  lock: ["preamble", "jobs", "lock"],
  roots: ["preamble", "roots"],
  record: ["preamble", "close", "record"],
  claim: ["preamble", "claim"],
  validity: ["preamble", "validity"],
  check: ["preamble", "boot-entry", "check"],
  "start-job": ["preamble", "jobs", "start-job"],
  "follow-job": ["preamble", "jobs", "follow-job"],
  order: ["preamble", "order"],
  supervisor: ["preamble", "boot-entry", "close", "commit", "activate", "units", "supervisor"],
  "dry-activate": ["preamble", "dry-activate"],
  reboot: ["preamble", "reboot"],
  diagnose: ["preamble", "diagnose"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ScriptName = keyof typeof parts;
export const scriptNames = Object.keys(parts) as readonly ScriptName[];

/**
 * One of our scripts, ready to run on a host.
 * The whole is one function's body and one compound command: a script that was cut on the way is a syntax error, and runs not even in part.
 * @param definitions - stand before it; for what must not be seen in the process list, or is too long for it.
 */
export function hostScript(name: ScriptName, args: readonly string[], definitions = ""): RemoteScript {
  return { name: `pulumi-clan ${name}`, text: wrap(`${definitions}${scriptText(name)}`), args };
}

/** A script's text with the functions it uses. */
export function scriptText(name: ScriptName): string {
  return parts[name].map(readPart).join("\n");
}

/** A shell function that prints a text as it is. @throws {TypeError} */
export function printingFunction(name: string, text: string): string {
  const mark = "PULUMI_CLAN_END_OF_TEXT";
  if (text.split("\n").includes(mark)) throw new TypeError("the text holds the mark of its own end");
  return `${name}() {\ncat <<'${mark}'\n${text}\n${mark}\n}\n`;
}

function readPart(part: string): string {
  return readFileSync(new URL(`./scripts/${part}.sh`, import.meta.url), "utf8");
}

function wrap(text: string): string {
  return `{\n${text}\nexit\n}\n`;
}
