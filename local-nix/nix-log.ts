import { stripVTControlCharacters } from "node:util";
import { z } from "zod";

/**
 * One line of `--log-format internal-json`, reduced to what a progress display and an error need.
 * Source: nix 2.26, src/libutil/logging.cc (JSONLogger) and logging.hh (ActivityType, ResultType).
 */
export type NixLogEvent =
  /** Level 0 is an error, 1 a warning, 3 information. `text` has no colours. */
  | { readonly kind: "message"; readonly level: number; readonly text: string }
  | { readonly kind: "build-started"; readonly activity: number; readonly derivation: string }
  | { readonly kind: "build-log"; readonly activity: number; readonly line: string }
  | { readonly kind: "download-started"; readonly activity: number; readonly url: string }
  | { readonly kind: "group-started"; readonly activity: number; readonly group: "builds" | "copies" | "transfer" }
  | { readonly kind: "progress"; readonly activity: number; readonly done: number; readonly expected: number }
  /** Bytes that all downloads of the command together will take. */
  | { readonly kind: "expected-download"; readonly bytes: number }
  | { readonly kind: "stopped"; readonly activity: number }
  /** An activity or result that nothing of ours shows. */
  | { readonly kind: "other" };

const activityTypes = { copyPath: 100, fileTransfer: 101, copyPaths: 103, builds: 104, build: 105 } as const;
const resultTypes = { buildLogLine: 101, progress: 105, setExpected: 106, postBuildLogLine: 107 } as const;

// Activity ids are 64-bit numbers of which JSON.parse may round the last bits; they only serve as keys within one run.
const lineSchema = z.discriminatedUnion("action", [
  z.object({ action: z.literal("msg"), level: z.number(), msg: z.string() }),
  z.object({
    action: z.literal("start"),
    id: z.number(),
    type: z.number(),
    fields: z.array(z.unknown()).default([]),
  }),
  z.object({ action: z.literal("result"), id: z.number(), type: z.number(), fields: z.array(z.unknown()).default([]) }),
  z.object({ action: z.literal("stop"), id: z.number() }),
]);
type LogLine = z.output<typeof lineSchema>;

const prefix = "@nix ";

/**
 * Reads one line of Nix's stderr. A line that is not Nix's JSON (ssh, git, a Nix that has not yet set up its logger) is a
 * message of level 3: never lost, never an exception.
 */
export function parseNixLogLine(line: string): NixLogEvent {
  const parsed = line.startsWith(prefix) ? lineSchema.safeParse(parseJson(line.slice(prefix.length))) : undefined;
  if (parsed?.success) return toEvent(parsed.data);
  // Actions that later versions add are Nix's JSON all the same, but nothing for people to read.
  if (line.startsWith(prefix) && parseJson(line.slice(prefix.length)) !== undefined) return { kind: "other" };
  return { kind: "message", level: 3, text: stripVTControlCharacters(line) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller treats the line as text
  }
}

function toEvent(line: LogLine): NixLogEvent {
  switch (line.action) {
    case "msg":
      return { kind: "message", level: line.level, text: stripVTControlCharacters(line.msg) };
    case "stop":
      return { kind: "stopped", activity: line.id };
    case "start":
      return started(line.id, line.type, line.fields);
    case "result":
      return result(line.id, line.type, line.fields);
  }
}

function started(activity: number, type: number, fields: readonly unknown[]): NixLogEvent {
  const [subject] = fields;
  switch (type) {
    case activityTypes.build:
      return typeof subject === "string" ? { kind: "build-started", activity, derivation: subject } : { kind: "other" };
    case activityTypes.fileTransfer:
      return typeof subject === "string" ? { kind: "download-started", activity, url: subject } : { kind: "other" };
    case activityTypes.builds:
      return { kind: "group-started", activity, group: "builds" };
    case activityTypes.copyPaths:
      return { kind: "group-started", activity, group: "copies" };
    case activityTypes.copyPath:
      return { kind: "group-started", activity, group: "transfer" };
    default:
      return { kind: "other" };
  }
}

function result(activity: number, type: number, fields: readonly unknown[]): NixLogEvent {
  const [first, second] = fields;
  if (type === resultTypes.buildLogLine || type === resultTypes.postBuildLogLine) {
    return typeof first === "string"
      ? { kind: "build-log", activity, line: stripVTControlCharacters(first) }
      : { kind: "other" };
  }
  if (typeof first !== "number" || typeof second !== "number") return { kind: "other" };
  if (type === resultTypes.progress) return { kind: "progress", activity, done: first, expected: second };
  if (type === resultTypes.setExpected && first === activityTypes.fileTransfer) {
    return { kind: "expected-download", bytes: second };
  }
  return { kind: "other" };
}
