import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folder for a test's files, gone with the scope. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "nix-text-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The second witness: what Nix makes of many expressions, in one process. */
export function evaluateAll(expressions: readonly string[]): unknown[] {
  using folder = temporaryFolder();
  const file = join(folder.path, "all.nix");
  writeFileSync(file, `[\n${expressions.map((expression) => `(\n${expression}\n)`).join("\n")}\n]\n`);
  const text = execFileSync("nix-instantiate", ["--eval", "--strict", "--json", "--store", "dummy://", file], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  const values: unknown = JSON.parse(text);
  assert.ok(Array.isArray(values));
  return values;
}

/** Nix's complaint about the syntax of one of the texts; undefined: it reads them all. */
export function syntaxError(files: readonly string[]): string | undefined {
  try {
    execFileSync("nix-instantiate", ["--parse", "--store", "dummy://", ...files], {
      stdio: ["ignore", "ignore", "pipe"],
      maxBuffer: 256 * 1024 * 1024,
    });
    return undefined;
  } catch (error) {
    if (error instanceof Error && "stderr" in error) return String(error.stderr);
    throw error;
  }
}
