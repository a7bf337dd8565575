import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { folder } from "./context.mjs";

/**
 * Makes a folder that is either there and whole, or not there: built beside, verified, renamed.
 * @param {string} target - whatever stands there is replaced
 * @param {(dir: string) => Promise<void>} build - fills the folder given
 * @param {(dir: string) => void} verify - throws when the result does not work
 */
export async function atomically(target, build, verify) {
  folder(dirname(target));
  const making = `${target}.making`; // one name: the rest of an interrupted attempt is found and removed here
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making);
  await build(making);
  verify(making);
  const old = `${target}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(making, target);
  rmSync(old, { recursive: true, force: true });
}
