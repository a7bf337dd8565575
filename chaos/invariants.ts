import { join } from "node:path";
import { follow, type HostRoot, readInside, shortName, sizeOf, text, toplevelBehind } from "./host-look.ts";

/** What the next boot starts, and what stands in its way. */
export interface NextBoot {
  readonly toplevel: string | undefined;
  /** Undefined: it can be started. */
  readonly problem: string | undefined;
}

/** The default boot entry as a loader would read it; a Mac starts what its profile names. */
export function readNextBoot({ root, boot }: HostRoot, machineClass: "nixos" | "darwin"): NextBoot {
  if (machineClass === "darwin") {
    const toplevel = toplevelBehind(root, "/nix/var/nix/profiles/system");
    return startable(root, toplevel, "activate", toplevel === undefined ? "the profile leads nowhere" : undefined);
  }
  const loader = text(join(boot, "loader/loader.conf"));
  const grub = text(join(boot, "grub/grub.cfg"));
  if (loader !== "") return readSystemdBoot(root, boot, loader);
  if (grub !== "") return readGrub(root, boot, grub);
  return { toplevel: undefined, problem: "no loader's configuration" };
}

function readSystemdBoot(root: string, boot: string, loader: string): NextBoot {
  const name = /^default\s+(\S+)$/m.exec(loader)?.[1];
  if (name === undefined) return { toplevel: undefined, problem: "loader.conf names no default" };
  const entry = text(join(boot, "loader/entries", name));
  if (entry === "") return { toplevel: undefined, problem: `no entry ${name}` };
  const files = [...entry.matchAll(/^(?:linux|initrd)\s+(\S+)$/gm)].map((match) => match[1] ?? "");
  return startable(root, initOf(entry), "init", missing(boot, files));
}

function readGrub(root: string, boot: string, config: string): NextBoot {
  const first = /menuentry [^{]*\{([^}]*)\}/.exec(config)?.[1];
  if (first === undefined) return { toplevel: undefined, problem: "grub.cfg has no entry" };
  const files = [...first.matchAll(/^\s*(?:linux|initrd)\s+(\S+)/gm)].map((match) => match[1] ?? "");
  return startable(root, initOf(first), "init", missing(boot, files));
}

function initOf(entry: string): string | undefined {
  return /\sinit=(\S+)\/init(?:\s|$)/.exec(entry)?.[1];
}

function missing(boot: string, files: readonly string[]): string | undefined {
  if (files.length < 2) return "the default entry names no kernel and initrd";
  const gone = files.find((file) => sizeOf(join(boot, file)) === 0);
  return gone === undefined ? undefined : `the default entry names ${gone}, which is not there`;
}

function startable(root: string, toplevel: string | undefined, init: string, problem: string | undefined): NextBoot {
  if (problem !== undefined) return { toplevel, problem };
  if (toplevel === undefined) return { toplevel, problem: "the default entry names no system" };
  const there = follow(root, `${toplevel}/${init}`) !== undefined;
  return {
    toplevel,
    problem: there ? undefined : `${shortName(toplevel)}, which shall be booted, is not in the store`,
  };
}

export const keyFile = "/var/lib/sops-nix/key.txt";
export const tokenFile = "/var/lib/chaos/token";
/** In a system: the identity that opens what it brings. */
const neededFile = "etc/chaos/identity";

/** What is wrong on a host at this moment; empty: nothing. */
export function problemsOf(at: HostRoot, machineClass: "nixos" | "darwin"): string[] {
  const boot = readNextBoot(at, machineClass);
  const running = toplevelBehind(at.root, "/run/current-system");
  const identities = readInside(at.root, keyFile).split("\n");
  const lost = [
    ["the running system", running] as const,
    ["the system of the next boot", boot.toplevel] as const,
  ].flatMap(([what, toplevel]) => {
    const needed = toplevel === undefined ? "" : readInside(at.root, `${toplevel}/${neededFile}`).trim();
    return needed === "" || identities.includes(needed)
      ? []
      : [
          `a lost secret: ${what}, ${shortName(toplevel)}, needs ${needed}, the key file has ${identities.join(" ").trim() || "none"}`,
        ];
  });
  const token = readInside(at.root, tokenFile);
  const torn =
    token !== "" && !/^token of identity-\d+\n$/.test(token) ? [`a torn secret: ${JSON.stringify(token)}`] : [];
  return [...(boot.problem === undefined ? [] : [`no bootable default: ${boot.problem}`]), ...lost, ...torn];
}

/** Activations that met others, in the log that the simulated systems write. */
export function overlaps(log: string): string[] {
  return log
    .split("\n")
    .filter((line) => line.includes(" beside ") && !line.endsWith(" beside nobody"))
    .map((line) => `two activations at once: ${line}`);
}

/** How a host differs from what was declared once all is over; empty: not at all. */
export function differences(
  at: HostRoot,
  machineClass: "nixos" | "darwin",
  { declared, identity }: { readonly declared: string; readonly identity: string },
): string[] {
  const is = (what: string, found: string | undefined, wanted: string): string[] =>
    found === wanted ? [] : [`${what}: ${shortName(found)} instead of ${shortName(wanted)}`];
  const left = ["transaction.json", "lock", "secrets/open", "secrets/staged"].filter(
    (name) => follow(at.root, `/nix/var/pulumi-clan/${name}`) !== undefined,
  );
  const keys = readInside(at.root, keyFile);
  return [
    ...is("running", toplevelBehind(at.root, "/run/current-system"), declared),
    ...is("profile", toplevelBehind(at.root, "/nix/var/nix/profiles/system"), declared),
    ...is("next boot", readNextBoot(at, machineClass).toplevel, declared),
    ...left.map((name) => `left behind: /nix/var/pulumi-clan/${name}`),
    ...(keys === `${identity}\n` ? [] : [`key file: ${JSON.stringify(keys)} instead of ${identity}`]),
    ...(readInside(at.root, tokenFile) === `token of ${identity}\n` ? [] : ["token: not the declared one"]),
  ];
}
