import { type StorePath, storePathSchema } from "../../local-nix/store-path.ts";
import { printingFunction } from "../activation/scripts.ts";
import { kernelFactsScript, parseKernelFacts } from "../boot/kernel-facts.ts";
import type { KernelFacts } from "../boot/reboot-need.ts";
import { composeText } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const scripts = [kernelFactsScript, new URL("./scripts/closures.sh", import.meta.url)];

/** What a plan asks a host about two systems. */
export interface ClosuresQuestion {
  /** Whose closure is told; null: none is needed. */
  readonly closureOf: StorePath | null;
  /** Paths of the new closure. */
  readonly candidates: readonly StorePath[];
}

/** What a host has of two closures. */
export interface HostClosures {
  /** Paths with the bytes of their archives; undefined: not asked, or the host could not tell. */
  readonly closure: readonly { readonly path: StorePath; readonly narSize: number }[] | undefined;
  /** Candidates that the host does not have; undefined: it could not tell. */
  readonly missing: ReadonlySet<StorePath> | undefined;
  readonly booted: KernelFacts | undefined;
  readonly running: KernelFacts | undefined;
}

/** Reads, touches nothing; nobody has to be root. One round trip. @throws {RemoteCommandError} @throws {RemoteOutputError} */
export async function readHostClosures(
  host: SshHost,
  { closureOf, candidates }: ClosuresQuestion,
  signal: AbortSignal,
): Promise<HostClosures> {
  const text = `{\n${printingFunction("candidates", candidates.join("\n"))}\n${composeText(scripts)}\nexit\n}\n`;
  const script = { name: "pulumi-clan closures", text, args: [closureOf ?? ""] };
  // A workstation's closure is 5,000 paths of 80 bytes, each told at most twice.
  const options = { deadlineSeconds: 30, maxOutputBytes: 4 * 1024 * 1024 };
  return parseHostClosures(await host.read(script, options, signal), candidates);
}

/** @param text - lines `key<TAB>value` of scripts/closures.sh */
export function parseHostClosures(text: string, candidates: readonly StorePath[]): HostClosures {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const all = (key: string): string[] => lines.flatMap(([name, value]) => (name === key && value ? [value] : []));
  const has = (key: string): boolean => lines.some(([name]) => name === key);
  const one = (key: string): string | undefined => all(key)[0];
  const known = new Set(candidates);
  return {
    closure: has("closure-end") ? parseClosure(all("path"), all("size")) : undefined,
    missing: has("missing-end") ? known.intersection(new Set(all("missing"))) : undefined,
    booted: parseKernelFacts("booted", one),
    running: parseKernelFacts("running", one),
  };
}

/** A host that tells more paths than sizes, or what is none, tells nothing. */
function parseClosure(paths: readonly string[], sizes: readonly string[]): HostClosures["closure"] {
  if (paths.length !== sizes.length) return undefined;
  const closure = paths.flatMap((text, index) => {
    const path = storePathSchema.safeParse(text).data;
    const narSize = Number(sizes[index]);
    return path === undefined || !Number.isSafeInteger(narSize) || narSize < 0 ? [] : [{ path, narSize }];
  });
  return closure.length === paths.length ? closure : undefined;
}
