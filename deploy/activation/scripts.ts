import { readFileSync } from "node:fs";
import type { RemoteScript } from "../ssh/remote-command.ts";

const parts = {
  facts: ["preamble", "boot-entry", "jobs", "facts"],
  lock: ["preamble", "jobs", "lock"],
  roots: ["preamble", "roots"],
  record: ["preamble", "record"],
  claim: ["preamble", "claim"],
  validity: ["preamble", "validity"],
  check: ["preamble", "boot-entry", "check"],
  "start-job": ["preamble", "jobs", "start-job"],
  "follow-job": ["preamble", "jobs", "follow-job"],
  test: ["preamble", "test"],
  "activate-darwin": ["preamble", "activate-darwin"],
  commit: ["preamble", "boot-entry", "commit"],
  generations: ["preamble", "generations"],
  diagnose: ["preamble", "diagnose"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ScriptName = keyof typeof parts;

/**
 * One of our scripts, ready to run on a host.
 * The whole is one function's body and one compound command: a script that was cut on the way is a syntax error, and runs not even in part.
 */
export function hostScript(name: ScriptName, args: readonly string[]): RemoteScript {
  return { name: `pulumi-clan ${name}`, text: wrap(scriptText(name)), args };
}

/** A script's text with the functions it uses. */
export function scriptText(name: ScriptName): string {
  return parts[name].map(readPart).join("\n");
}

function readPart(part: string): string {
  return readFileSync(new URL(`./scripts/${part}.sh`, import.meta.url), "utf8");
}

function wrap(text: string): string {
  return `{\n${text}\nexit\n}\n`;
}
