import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { defineFleet, type FleetDefinition, importTree } from "../../composition/define-fleet.ts";
import { evaluateFlake, type FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import type { FlakeModuleInput } from "../../composition/flake-module.ts";
import { flakeLib } from "../../composition/lib/flake-lib.ts";
import { FleetError } from "../../errors.ts";

export const { types, mkOption } = flakeLib;

/** A fleet's folder, removed when it goes out of scope. */
export interface FleetTree extends Disposable {
  readonly root: string;
  /** Evaluates `importTree("modules")` of the folder. */
  evaluate(fleet?: Partial<FleetDefinition>): Promise<FlakeEvaluation>;
}

/** Writes files, by path, into a new folder. */
export function fleetTree(files: Readonly<Record<string, string>>): FleetTree {
  const root = mkdtempSync(join(tmpdir(), "fleet-tree-"));
  for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return {
    root,
    evaluate: (fleet = {}) => evaluateFlake(root, definition({ imports: [importTree("modules")], ...fleet }), []),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Evaluates modules that stand in the test itself. */
export function evaluateModules(...imports: readonly FlakeModuleInput[]): Promise<FlakeEvaluation> {
  return evaluateFlake(import.meta.dirname, definition({ imports }), []);
}

function definition(fleet: Partial<FleetDefinition>): FleetDefinition {
  const inputs = {
    nixpkgs: { url: "github:NixOS/nixpkgs" },
    "home-manager": { url: "github:nix-community/home-manager" },
  };
  return defineFleet({ name: "minerals", inputs, systems: ["x86_64-linux"], imports: [], ...fleet });
}

/** The message of the error with which the promise fails. */
export async function failure(evaluation: Promise<unknown>): Promise<string> {
  try {
    await evaluation;
  } catch (error) {
    if (error instanceof FleetError || error instanceof AggregateError) return error.message;
    throw error;
  }
  throw new Error("expected the evaluation to fail");
}
