import { basename, dirname } from "node:path";
import { Draft } from "../authoring/draft.ts";
import type { AuthoringPlan } from "../authoring/plan-machine.ts";
import type { AuthoredFleet } from "../read-fleet.ts";
import { commentsLeft, cutsOf, withoutCuts } from "./cut-exports.ts";
import { saysTheSame } from "./data-value.ts";
import { ConversionError } from "./errors.ts";
import { commentsIn } from "./print-data.ts";
import { printModule } from "./print-module.ts";
import { type ConvertedBody, readBody } from "./read-body.ts";
import { type NixExport, type NixModuleText, readExports } from "./read-exports.ts";

/** One export of one file. */
export interface ConversionRequest {
  /** Relative to the fleet's root. */
  readonly file: string;
  /** `<class>/<entry>`; undefined: the only one that the file has. */
  readonly export: string | undefined;
}

/**
 * Plans the move of one export from a `.nix` flake module to a `.ts` beside it: as data where its body is plain data, else as
 * a reference to a Nix file that holds the body's bytes. Comments go along; what else the file says stays in it.
 * @returns no change where TypeScript has the export already.
 * @throws {ConversionError} it cannot be told what the export says, or what it would need. @throws {NixError}
 */
export async function planConversion(
  fleet: AuthoredFleet,
  request: ConversionRequest,
  signal: AbortSignal,
): Promise<AuthoringPlan> {
  const { file } = request;
  const { root, nixFiles } = fleet.evaluation;
  const draft = new Draft(root);
  const text = nixFiles.includes(file) ? draft.read(file) : undefined;
  if (text === undefined) return absent(fleet, request);
  const module = readExports(file, text);
  refuseOthers(fleet, module);
  const chosen = choose(fleet, module, request);
  const [first] = chosen;
  if (first === undefined) return nothing;
  const body = readBody(module, chosen);
  if (body.kind === "stays") throw refusal(file, first, body);
  if (
    body.kind === "data" &&
    !(await saysTheSame(root, file, body.text, body.data, [...module.namespaces.keys()], signal))
  )
    throw refusal(file, first, {
      reason: "a body that Nix reads otherwise than this command",
      fix: "move it by hand, and report the file: this is an error of the command",
    });
  write(draft, module, chosen, body);
  return {
    changes: draft.changes,
    remaining: [
      ...(body.kind === "data" ? [] : unseen(fleet, file, first)),
      "whether a system changed by it: fleet impact --exact; lists that several modules fill may have another order",
    ],
  };
}

/** What was read of a body in a flake module, and is not read of a module that TypeScript names by its file. */
function unseen(
  { evaluation }: AuthoredFleet,
  file: string,
  { class: className, entry }: NixExport,
): readonly string[] {
  const definitions = evaluation.namespaces.get(className)?.get(entry) ?? [];
  const said = definitions
    .filter(({ definedAt }) => definedAt.file === file)
    .flatMap(({ body }) => (typeof body === "object" && body !== null ? Object.keys(body) : []));
  if (said.length === 0) return [];
  return [
    `${[...new Set(said)].join(", ")} of ${className}/${entry}: state them in TypeScript, fleet show does not see them in a Nix file`,
  ];
}

const nothing: AuthoringPlan = { changes: [], remaining: [] };

/** The file is gone, or never was: where TypeScript stands in its place, it was moved already. */
function absent({ evaluation }: AuthoredFleet, { file, export: wanted }: ConversionRequest): AuthoringPlan {
  const inTypeScript = file.replace(/\.nix$/, ".ts");
  const [className = "", ...entry] = (wanted ?? "").split("/");
  const defined = evaluation.namespaces.get(className)?.get(entry.join("/")) ?? [];
  const isDone = evaluation.files.includes(inTypeScript);
  if (isDone && (wanted === undefined || defined.some((one) => one.file === inTypeScript))) return nothing;
  throw new ConversionError({
    summary: `${file}: no flake module of the fleet in Nix`,
    expected: evaluation.nixFiles.length === 0 ? "one below modules/" : `one of ${evaluation.nixFiles.join(", ")}`,
    found: file,
    at: "fleet convert",
    fix: "name a .nix file that importTree finds, relative to fleet.ts",
  });
}

/** What the text shows has to be what Nix sees: a file may define entries in ways that its text does not show. */
function refuseOthers({ evaluation }: AuthoredFleet, module: NixModuleText): void {
  const { file } = module;
  const unread = evaluation.unreadNixModules.find((one) => one.file === file);
  const seen = [...evaluation.namespaces.values()]
    .flatMap((entries) => [...entries.values()].flat())
    .filter((definition) => definition.language === "nix" && definition.definedAt.file === file)
    .map((definition) => `${definition.class}/${definition.entry}`);
  const written = new Set(module.exports.map(nameOf));
  if (unread === undefined && written.size === new Set(seen).size && seen.every((name) => written.has(name))) return;
  throw new ConversionError({
    summary: `${file}: the file defines other entries than those that it writes out`,
    expected: `what its text shows: ${[...written].join(", ") || "none"}`,
    found: unread === undefined ? seen.join(", ") || "none" : unread.reason,
    at: file,
    fix: "write them out as flake.modules.<class>.<entry> = …; or move them by hand",
  });
}

function choose(
  { evaluation }: AuthoredFleet,
  { file, exports }: NixModuleText,
  { export: wanted }: ConversionRequest,
): readonly NixExport[] {
  const names = [...new Set(exports.map(nameOf))];
  const [only, another] = names;
  const name = wanted ?? (another === undefined ? only : undefined);
  const chosen = exports.filter((one) => nameOf(one) === name);
  if (chosen.length > 0 && chosen[0]?.class !== "common") return chosen;
  const [className = "", ...entry] = (wanted ?? "").split("/");
  const elsewhere = evaluation.namespaces.get(className)?.get(entry.join("/")) ?? [];
  const beside = elsewhere.some((one) => one.language !== "nix" && dirname(one.file) === dirname(file));
  if (chosen.length === 0 && beside) return [];
  throw new ConversionError({
    summary: chosen.length > 0 ? `${file}: class common is generic in TypeScript` : `${file}: which export?`,
    expected: names.length === 0 ? "an export, flake.modules.<class>.<entry>" : `one of ${names.join(", ")}`,
    found: name ?? `${names.length} exports`,
    at: file,
    fix: "name one of them: --export <class>/<entry>",
  });
}

function write(
  draft: Draft,
  module: NixModuleText,
  chosen: readonly NixExport[],
  body: Exclude<ConvertedBody, { kind: "stays" }>,
): void {
  const { file, text, comments, exports, tokens } = module;
  const [first] = chosen;
  if (first === undefined) return;
  const isWhole = module.holdsExportsOnly && chosen.length === exports.length;
  const cuts = isWhole ? [{ start: 0, end: text.length }] : cutsOf(module, chosen);
  const inBody =
    body.kind === "text" ? comments.filter(({ start, end }) => start >= body.start && end <= body.end) : [];
  const taken = new Set([...(body.kind === "data" ? commentsIn(body.data) : []), ...inBody]);
  const left = commentsLeft(module, cuts, taken);
  const top = tokens[0]?.start ?? 0;
  const last = tokens[chosen.at(-1)?.binding.last ?? 0]?.end ?? 0;
  const isHeader = ({ start }: { readonly start: number }): boolean => isWhole && start < top;
  const isTail = ({ start }: { readonly start: number }): boolean => isWhole && start >= last;
  const stem = freeStem(draft, file, first, body.kind === "text");
  const nixBody = `_${basename(stem)}.nix`;
  const value =
    body.kind === "data"
      ? body.data
      : ({
          kind: "expression",
          text: `nixFile(${JSON.stringify(body.kind === "file" ? body.path : `./${nixBody}`)})`,
        } as const);
  const before = left.filter((comment) => !isHeader(comment) && !isTail(comment));
  const parts = { header: left.filter(isHeader), before, tail: left.filter(isTail) };
  draft.write(`${stem}.ts`, printModule(first, value, parts));
  if (body.kind === "text")
    draft.write(`${stem.slice(0, -basename(stem).length)}${nixBody}`, `${text.slice(body.start, body.end)}\n`);
  if (isWhole) draft.remove(file);
  else draft.write(file, withoutCuts(text, cuts));
}

/** Path without suffix for the new files: the file's own where it is free, else one that names the entry. */
function freeStem(draft: Draft, file: string, { class: className, entry }: NixExport, needsBody: boolean): string {
  const own = file.replace(/\.nix$/, "");
  const named = `${own}-${className}-${entry.replace(/[^A-Za-z0-9._-]/g, "-")}`;
  const isFree = (stem: string): boolean => {
    const body = `${stem.slice(0, -basename(stem).length)}_${basename(stem)}.nix`;
    const isModule = !/\.(?:d|test)$/.test(stem); // importTree passes over them
    return isModule && draft.read(`${stem}.ts`) === undefined && !(needsBody && draft.read(body) !== undefined);
  };
  const stem = [own, named].find(isFree);
  if (stem !== undefined) return stem;
  throw new ConversionError({
    summary: `${file}: no place beside it for the export`,
    expected: `${own}.ts, or ${named}.ts`,
    found: "files of these names",
    at: file,
    fix: "rename what stands there",
  });
}

function refusal(
  file: string,
  { class: className, entry, line }: NixExport,
  { reason, fix }: { readonly reason: string; readonly fix: string },
): ConversionError {
  return new ConversionError({
    summary: `${file}: ${className}/${entry} cannot be moved as it stands`,
    expected: "plain data, or a body that needs nothing of the file around it",
    found: reason,
    at: `${file}:${line}`,
    fix,
  });
}

function nameOf({ class: className, entry }: NixExport): string {
  return `${className}/${entry}`;
}
