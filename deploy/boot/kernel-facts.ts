import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { KernelFacts } from "./reboot-need.ts";

/** Shell functions that tell them of a system on a host: `kernel_facts <who> <system>`. */
export const kernelFactsScript = new URL("./scripts/kernel-facts.sh", import.meta.url);

/** @param one - the value of a line that the script printed. @returns undefined: the host has no such system. */
export function parseKernelFacts(who: string, one: (key: string) => string | undefined): KernelFacts | undefined {
  if (one(`${who}.path`) === undefined) return undefined;
  return {
    kernel: one(`${who}.kernel`) ?? null,
    initrd: one(`${who}.initrd`) ?? null,
    modules: one(`${who}.kernel-modules`) ?? null,
    kernelParams: one(`${who}.kernel-params`) ?? null,
    initInterface: one(`${who}.init-interface-version`) ?? null,
    inhibitors: one(`${who}.switch-inhibitors`) ?? null,
  };
}

/** The same of a system in this machine's store, in the same form. */
export async function readKernelFacts(toplevel: string): Promise<KernelFacts> {
  const [kernel, initrd, modules] = await Promise.all(
    ["kernel", "initrd", "kernel-modules"].map((part) => unlessAbsent(realpath(join(toplevel, part)))),
  );
  const [kernelParams, initInterface, inhibitors] = await Promise.all(
    ["kernel-params", "init-interface-version", "switch-inhibitors"].map(async (part) => {
      const text = await unlessAbsent(readFile(join(toplevel, part), "utf8"));
      return text?.replaceAll(/\p{Cc}+/gu, "").slice(0, 8192) || null;
    }),
  );
  return {
    kernel: kernel ?? null,
    initrd: initrd ?? null,
    modules: modules ?? null,
    kernelParams: kernelParams ?? null,
    initInterface: initInterface ?? null,
    inhibitors: inhibitors ?? null,
  };
}

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
