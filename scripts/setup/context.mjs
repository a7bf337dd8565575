// Where things are, and how to become root. Plain JavaScript on built-ins only: node_modules may not exist yet.
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Everything downloaded or built, shared by all checkouts of this user. */
export const cache = process.env["PULUMI_CLAN_CACHE"] || join(homedir(), ".cache", "pulumi-clan");

/** Version and home of the Pulumi CLI that setup provides when PATH has none that is new enough. */
export const pulumiVersion = "3.250.0";
export const pulumiHome = process.env["PULUMI_HOME"] || join(cache, "pulumi-home");

/** Debian keeps debootstrap, ip and the like where an ordinary user's PATH does not look. */
const searchPath = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter((dir) => dir !== "");
process.env["PATH"] = [...new Set(searchPath)].join(delimiter);

/** A prerequisite or a step that failed, told in one line: what, why, the command that brings it. */
export class SetupError extends Error {
  /** @param {string} what @param {string} why @param {string} fix */
  constructor(what, why, fix) {
    super(`${what}: ${why}; ${fix}`);
    this.name = "SetupError";
  }
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * First executable of that name on PATH, our own wrappers in the cache left out.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findOnPath(name) {
  const dirs = (process.env["PATH"] ?? "").split(delimiter).filter((dir) => !dir.startsWith(cache));
  return dirs.map((dir) => join(dir, name)).find(isExecutable);
}

/** Prefix of a command that must run as root; undefined: there is no way to become root without a password. */
export function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (findOnPath("sudo") === undefined) return undefined;
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? ["sudo", "-n"] : undefined;
}

/** The folder, made when it is missing. @param {string} path */
export function folder(path) {
  mkdirSync(path, { recursive: true });
  return path;
}

/** @param {string} path @returns {any} */
export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * The first line of what a command prints; undefined: it cannot be run or fails.
 * @param {string} command @param {readonly string[]} args
 */
export function firstLineOf(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: 20_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout.split("\n")[0] : undefined;
}
