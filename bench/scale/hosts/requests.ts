import { type ScriptName, scriptNames, scriptText } from "../../../deploy/activation/scripts.ts";
import { kernelFactsScript } from "../../../deploy/boot/kernel-facts.ts";
import { composeText } from "../../../deploy/host-script.ts";
import { renderRemoteCommand } from "../../../deploy/ssh/remote-command.ts";
import { serveCommand } from "../../../deploy/store/serve-channel.ts";
import type { Decoder } from "../../../deploy/store/wire.ts";
import { splitWords } from "./shell-words.ts";

/** Where a stub host says that its programs are. */
export const programs = "/run/current-system/sw/bin";

const observation = new URL("../../../deploy/observation/scripts/", import.meta.url);
const health = new URL("../../../deploy/health/scripts/", import.meta.url);
const composed = [
  ["observe", [new URL("observe.sh", observation)]],
  ["hardware", [new URL("hardware.sh", observation)]],
  ["release", [new URL("release.sh", observation)]],
  ["closures", [kernelFactsScript, new URL("closures.sh", observation)]],
  ["units", [new URL("../../../deploy/units/scripts/units.sh", import.meta.url)]],
  ["predecessors", [new URL("../../../deploy/store/delta/predecessors.sh", import.meta.url)]],
  ["look-command", [new URL("look-command.sh", health)]],
] as const;

/** Scripts of the product that a stub knows by their text. Whether it has an answer is another question. */
export type StubScript = ScriptName | (typeof composed)[number][0];

const texts: readonly (readonly [StubScript, string])[] = [
  ...scriptNames.map((name) => [name, scriptText(name)] as const),
  ...composed.map(([name, files]) => [name, composeText(files)] as const),
];

/** What a command line asks for; a script's text and a receiver's requests follow on its input. */
export type CommandLine =
  | { readonly kind: "script"; readonly args: readonly string[] }
  | { readonly kind: "receive"; readonly isLane: boolean }
  | Measuring;

/** So many pieces are read, of so many bytes; what is said before them and behind each. */
export interface Measuring {
  readonly kind: "measure";
  readonly pieces: number;
  readonly bytes: number;
  readonly begins: string;
  readonly says: string;
}

/** @returns undefined for a line that the product does not write, as far as a stub knows. */
export function parseCommandLine(line: string): CommandLine | undefined {
  const words = splitWords(line);
  if (words === undefined) return undefined;
  const [shell, flag, text = "", name, ...rest] = words;
  if (sameWords(words, serveCommand(`${programs}/nix-store`, undefined))) return { kind: "receive", isLane: false };
  if (shell !== "/bin/sh") return undefined;
  if (flag === "-s" && text === "--") return { kind: "script", args: words.slice(3) };
  if (flag !== "-c") return undefined;
  const script = { name: "", text: "", args: rest };
  if (name === "sh" && renderRemoteCommand(script, "if-possible") === line) return { kind: "script", args: rest };
  if (name === "receiver" && sameWords(rest, serveCommand(`${programs}/nix-store`, undefined)))
    return { kind: "receive", isLane: true };
  return name === undefined ? parseMeasuring(text) : undefined;
}

/** As deploy/store/link-speed.ts and long-link.ts have them. */
function parseMeasuring(text: string): CommandLine | undefined {
  const [, once, long] =
    /^(?:(echo ready; for probe in )|(for piece in ))(?:x )+; do head -c \d+ >\/dev\/null(?:; echo done| \|\| exit; echo); done$/.exec(
      text,
    ) ?? [];
  if (once === undefined && long === undefined) return undefined;
  const pieces = text.match(/x (?=x|;)/g)?.length ?? 0;
  const bytes = Number(/head -c (\d+)/.exec(text)?.[1]);
  return once === undefined
    ? { kind: "measure", pieces, bytes, begins: "", says: "\n" }
    : { kind: "measure", pieces, bytes, begins: "ready\n", says: "done\n" };
}

function sameWords(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word, index) => word === others[index]);
}

export interface ScriptText {
  readonly name: StubScript;
  /** What stands before the script's own text: functions that print, assignments. */
  readonly definitions: string;
}

const end = "\nexit\n}\n";

/** A whole script at the end of what has come so far. */
export const decodeScript: Decoder<ScriptText> = (wire, offset) => {
  if (Buffer.from(wire.subarray(-end.length)).toString("latin1") !== end) return undefined;
  const text = Buffer.from(wire.subarray(offset)).toString("utf8");
  const script = recogniseScript(text);
  return script && { value: script, next: wire.length };
};

/** @returns undefined for a text that is none of the product's, or of which a part is missing. */
export function recogniseScript(text: string): ScriptText | undefined {
  const begin = "{\n";
  if (!text.startsWith(begin)) return undefined;
  const found = texts.find(([, own]) => text.endsWith(`${own}${end}`));
  if (found === undefined) return undefined;
  const [name, own] = found;
  return { name, definitions: text.slice(begin.length, text.length - own.length - end.length) };
}

/** What a function prints that `printingFunction` made; "" where there is none of that name. */
export function printedBy(name: string, definitions: string): string {
  const mark = "PULUMI_CLAN_END_OF_TEXT";
  const begin = `${name}() {\ncat <<'${mark}'\n`;
  const from = definitions.indexOf(begin);
  if (from < 0) return "";
  const text = definitions.slice(from + begin.length);
  return text.slice(0, text.indexOf(`\n${mark}\n}\n`));
}

/** Assignments of words, one on a line. */
export function assignments(text: string): ReadonlyMap<string, string> {
  const found = text.split("\n").flatMap((line) => {
    const [, name = "", word = ""] = /^([a-z_]+)=(.*)$/.exec(line) ?? [];
    const [value = "", ...more] = splitWords(word) ?? [];
    return name === "" || more.length > 0 ? [] : [[name, value] as const];
  });
  return new Map(found);
}
