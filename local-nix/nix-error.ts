import { stripVTControlCharacters } from "node:util";
import { FleetError } from "../errors.ts";

/** A place in a file as Nix names it, e.g. `/nix/store/…-source/nix/entries/nixos/base/openssh.nix`. */
export interface NixPosition {
  readonly file: string;
  readonly line?: number;
}

/** What a failed Nix command said last. */
export interface NixErrorBlock {
  /** Without the word `error:`, colours, indentation and the excerpt of the source; may have several lines. */
  readonly message: string;
  /** Where the error arose; absent: Nix names no file, as for `throw`. */
  readonly file?: string;
  readonly line?: number;
  /** Places that the frames before the block name, the nearest to the error first. */
  readonly frames: readonly NixPosition[];
  /** Files that the message itself names as origin of definitions (`_file`): the TypeScript sources of emitted entries. */
  readonly sources: readonly string[];
}

const indentation = "error: ".length;
const errorLine = /^(\s*)error:\s?(.*)$/;
const frameLine = /^\s*(?:… |\(stack trace truncated|\(\d+ duplicate)/;
const positionLine = /^\s*at (.+?):(\d+)(?::\d+)?:?\s*$/;
const unnumberedPosition = /^\s*at (.+?):\s*$/;
const excerptLine = /^\s*(?:\d+)?\| ?/;
const noiseLine = /^\s*(?:warning: |evaluation warning: |trace: |\(stack trace truncated; use '--show-trace')/;
// nixpkgs' lib/modules.nix quotes `like this' and `like this`, Nix itself 'like this'.
const sourceInText = /(?:\b[Ii]n|\bmodule|\bdeclared in|\bdefined in|\bimporting) [`'"]([^`'"\n]+\.(?:ts|nix))[`'"]/g;

/**
 * The last `error:` block of what Nix wrote on stderr. Understands the layouts of Nix 2.18 to 2.34: the block of the cause
 * stands last and indented, after the frames (`… while …`), which `--show-trace` multiplies; versions up to 2.8 write the
 * frames after it.
 */
export function lastErrorBlock(stderr: string): NixErrorBlock {
  const lines = stripVTControlCharacters(stderr).replaceAll("\r", "").split("\n");
  const start = lastErrorStart(lines);
  if (start === -1) {
    const text = lines.filter((line) => line.trim() !== "" && !noiseLine.test(line)).slice(-5);
    return { message: text.join("\n") || "Nix gave no reason", frames: [], sources: [] };
  }
  return readBlock(lines, start);
}

/** The last error with a text of its own, passing over "1 dependencies of … failed", which only repeats the one before. */
function lastErrorStart(lines: readonly string[]): number {
  let found = -1;
  let foundIsConsequence = true;
  for (const [index, line] of lines.entries()) {
    const text = errorLine.exec(line)?.[2];
    if (text === undefined || (text === "" && !hasOwnText(lines, index))) continue;
    const consequence = isConsequence(text, lines[index + 1] ?? "");
    if (consequence && !foundIsConsequence) continue;
    found = index;
    foundIsConsequence = consequence;
  }
  return found;
}

function hasOwnText(lines: readonly string[], index: number): boolean {
  const next = lines[index + 1] ?? "";
  return next.trim() !== "" && !frameLine.test(next);
}

/**
 * Source: nix 2.26 "1 dependencies of derivation '…' failed to build", "build of '…' failed"; nix 2.32 "Cannot build '…'." with
 * "Reason: 1 dependency failed.", closed by "resolution failed"; nix 2.33 "Build failed due to failed dependency".
 */
function isConsequence(text: string, next: string): boolean {
  const closing =
    /^\d+ dependenc(?:y|ies) of derivation .* failed|^build of .* failed$|^resolution failed$|^Build failed due to/;
  return closing.test(text) || /^\s*Reason: \d+ dependenc/.test(next);
}

function readBlock(lines: readonly string[], start: number): NixErrorBlock {
  const [, , first = ""] = errorLine.exec(lines[start] ?? "") ?? [];
  const message = first === "" ? [] : [first];
  let position: NixPosition | undefined;
  let ended = false;
  for (const line of lines.slice(start + 1)) {
    if (frameLine.test(line) || errorLine.test(line)) break;
    const isPosition = positionLine.test(line) || unnumberedPosition.test(line);
    ended ||= isPosition;
    position ??= readPosition(line);
    if (isPosition) continue;
    if (noiseLine.test(line)) break;
    // After the position only the excerpt of the source follows; further text belongs to something else.
    if (ended) {
      if (line.trim() === "" || excerptLine.test(line)) continue;
      break;
    }
    // Further lines of a block are indented by the width of `error: `, at the margin something else begins.
    if (line.trim() !== "" && leadingSpaces(line) < indentation) break;
    message.push(line.slice(Math.min(indentation, leadingSpaces(line))));
  }
  const text = message.join("\n").trim();
  return {
    message: text === "" ? "Nix gave no reason" : text,
    ...position,
    frames: framesBefore(lines, start),
    sources: sourcesIn(text),
  };
}

/** The frames of the same report: back to the `error:` without text that opens it. */
function framesBefore(lines: readonly string[], start: number): NixPosition[] {
  const frames: NixPosition[] = [];
  for (const line of lines.slice(0, start).reverse()) {
    if (errorLine.test(line)) break;
    const position = readPosition(line);
    if (position !== undefined) frames.push(position);
  }
  return frames;
}

function leadingSpaces(line: string): number {
  return line.length - line.trimStart().length;
}

function readPosition(line: string): NixPosition | undefined {
  const [, file, number] = positionLine.exec(line) ?? [];
  if (file !== undefined && number !== undefined && !file.startsWith("«")) return { file, line: Number(number) };
  const plain = unnumberedPosition.exec(line)?.[1];
  return plain?.startsWith("/") === true && !positionLine.test(line) ? { file: plain } : undefined;
}

function sourcesIn(text: string): string[] {
  return [...new Set([...text.matchAll(sourceInText)].flatMap(([, file]) => (file === undefined ? [] : [file])))];
}

/** Facts of a failed Nix command beside its five facts, for callers that show more than the message. */
export interface NixFailure {
  readonly block: NixErrorBlock;
  /** The end of stderr, as Nix wrote it. */
  readonly stderr: string;
  readonly exitCode?: number;
}

/** A Nix command failed; `failure.block` is its last `error:`. */
export class NixError extends FleetError {
  readonly code: `FLEET_NIX${string}` = "FLEET_NIX";
  readonly failure: NixFailure;

  constructor(facts: ConstructorParameters<typeof FleetError>[0], failure: NixFailure, options?: ErrorOptions) {
    super(facts, options);
    this.failure = failure;
  }
}

/** `file:line`, or undefined where Nix named no file. */
export function renderPosition({ file, line }: Partial<NixPosition>): string | undefined {
  if (file === undefined) return undefined;
  return line === undefined ? file : `${file}:${line}`;
}
