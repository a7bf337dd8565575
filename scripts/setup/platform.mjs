import { readFileSync } from "node:fs";

/** Why hosts are not simulated here; undefined: they are. */
export function notSimulating() {
  return process.platform === "linux"
    ? undefined
    : `simulated hosts need Linux; ${process.platform} runs the unit tests and real stacks`;
}

/**
 * The system's name and release. Source: os-release(5).
 * @param {string} [text] @returns {{ id: string, codename: string }}
 */
export function osRelease(text = readFileSync("/etc/os-release", "utf8")) {
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), codename: value("VERSION_CODENAME") };
}

/** Debian's names of this processor: multiarch folder and program loader. */
export function debianArchitecture() {
  return process.arch === "arm64"
    ? { triplet: "aarch64-linux-gnu", loader: "lib/ld-linux-aarch64.so.1" }
    : { triplet: "x86_64-linux-gnu", loader: "lib64/ld-linux-x86-64.so.2" };
}
