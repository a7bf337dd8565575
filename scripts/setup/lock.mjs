// One setup at a time per cache: a file with the holder's pid, made by link(2), which fails when the name exists.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { folder } from "./context.mjs";

/** Content of the lock file, or undefined. @param {string} path */
function holderOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Whether the process that wrote this lock is gone. Another machine's (a shared home) is never judged.
 * @param {string} holder - `<host name> <pid>`
 */
export function isStale(holder) {
  const [host, pid] = holder.trim().split(" ");
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM"; // EPERM: alive, another user's
  }
}

/** @param {string} path @returns {boolean} whether the lock is ours now */
export function tryLock(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${hostname()} ${process.pid}\n`);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves a lock aside whose holder is gone, so that of several waiting setups only one removes it. @param {string} path */
function breakStale(path) {
  const holder = holderOf(path);
  if (holder === undefined || !isStale(holder)) return;
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return; // another one was faster
    throw error;
  }
  if (holderOf(aside) !== holder) linkSync(aside, path); // a fresh lock took its place meanwhile: give it back
  rmSync(aside, { force: true });
}

/**
 * Waits for the lock; it goes with this process.
 * @param {string} path @param {(line: string) => void} say
 */
export async function lock(path, say) {
  folder(dirname(path));
  for (let round = 0; !tryLock(path); round++) {
    breakStale(path);
    if (round % 60 === 1) say(`waiting for another setup (${holderOf(path)?.trim()}), which holds ${path}`);
    if (round > 0) await sleep(500);
  }
  process.once("exit", () => rmSync(path, { force: true }));
}
