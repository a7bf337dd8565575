import { access } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FlakeLockError } from "./errors.ts";
import { type EvaluationSettings, nixString } from "./evaluation-request.ts";
import { runNix } from "./nix-command.ts";
import type { NixError } from "./nix-error.ts";

/**
 * Refuses a flake without `flake.lock` before Nix tries to reach the hosts of its inputs; one without inputs needs none.
 * @throws {FlakeLockError} @throws {NixError} a `flake.nix` that cannot be read.
 */
export async function checkLock(
  { tree, systemBuilder, overrideInputs = {} }: EvaluationSettings,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(tree.path, tree.dir ?? "");
  if (systemBuilder !== undefined || (await exists(join(folder, "flake.lock")))) return;
  if (!(await exists(join(folder, "flake.nix")))) throw noFlake(tree.root);
  const inputs = (await readInputNames(tree, signal)).filter((name) => !Object.hasOwn(overrideInputs, name));
  if (inputs.length === 0) return;
  throw new FlakeLockError({
    summary: `${tree.root}: the flake has no flake.lock`,
    expected: `a flake.lock with ${inputs.join(", ")}`,
    found: "no such file among those that git does not ignore",
    at: join(tree.root, tree.dir ?? "", "flake.lock"),
    fix: tree.lockCommand ?? "fleet lock",
  });
}

async function readInputNames(tree: EvaluationSettings["tree"], signal: AbortSignal): Promise<string[]> {
  const expression = `let
  fetched = builtins.fetchTree { type = "path"; path = ${nixString(tree.path)}; narHash = ${nixString(tree.narHash)}; };
in builtins.attrNames ((import (fetched.outPath + ${nixString(`/${join(tree.dir ?? "", "flake.nix")}`)})).inputs or { })`;
  const text = await runNix(["eval", "--json", "--expr", expression], {
    signal,
    purpose: `${tree.root}: read flake.nix`,
  });
  return z.array(z.string()).parse(JSON.parse(text));
}

/** The error of a lock file that does not fit; undefined when Nix failed for another reason. */
export function lockFailure(tree: EvaluationSettings["tree"], { failure }: NixError): FlakeLockError | undefined {
  if (!/requires lock file changes/.test(failure.block.message)) return undefined;
  const { root, lockCommand = "fleet lock" } = tree;
  return new FlakeLockError({
    summary: `${root}: flake.lock does not fit the inputs of flake.nix`,
    expected: "a lock of exactly the inputs that flake.nix names",
    found: failure.block.message,
    at: join(root, tree.dir ?? "", "flake.lock"),
    fix: lockCommand,
  });
}

function noFlake(root: string): FlakeLockError {
  return new FlakeLockError({
    summary: `${root}: there is no flake.nix`,
    expected: "the emitted flake at the fleet's root",
    found: "no such file among those that git does not ignore",
    at: join(root, "flake.nix"),
    fix: "fleet emit",
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
