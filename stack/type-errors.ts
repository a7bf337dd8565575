import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";

/** A mistake that the compiler finds. */
export interface TypeMistake {
  /** Relative to the root, with "/". */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** For a fleet without a tsconfig.json: what Node runs, checked strictly. */
const usual: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};

/**
 * What the compiler says of some files of a fleet, with the options of its tsconfig.json.
 * @param files - of the whole fleet, relative to the root: each may extend types that the others use.
 * @param asked - those whose mistakes are wanted.
 */
export function typeErrors(root: string, files: readonly string[], asked: readonly string[]): readonly TypeMistake[] {
  if (asked.length === 0) return [];
  const declarations = existsSync(join(root, "fleet.d.ts")) ? ["fleet.d.ts"] : [];
  const names = [...new Set([...files, ...asked, ...declarations])].map((file) => join(root, file));
  const program = ts.createProgram(names, { ...optionsOf(root), noEmit: true, incremental: false });
  return asked.flatMap((file) => {
    const source = program.getSourceFile(join(root, file));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((one) => mistake(root, one));
  });
}

function optionsOf(root: string): ts.CompilerOptions {
  const path = join(root, "tsconfig.json");
  const { config, error } = existsSync(path) ? ts.readConfigFile(path, ts.sys.readFile) : {};
  if (config === undefined || error !== undefined) return usual;
  // The files that it names are not looked for: those of the fleet are known.
  const { include: _include, exclude: _exclude, ...stated } = config;
  const parsed = ts.parseJsonConfigFileContent({ ...stated, files: ["fleet.ts"] }, ts.sys, root);
  const { tsBuildInfoFile: _info, ...options } = parsed.options;
  return options;
}

function mistake(root: string, { file, start, messageText }: ts.Diagnostic): TypeMistake {
  const line = file === undefined || start === undefined ? 1 : file.getLineAndCharacterOfPosition(start).line + 1;
  const path = file === undefined ? "fleet.ts" : relative(root, file.fileName).split(sep).join("/");
  return { file: path, line, message: ts.flattenDiagnosticMessageText(messageText, " ") };
}
