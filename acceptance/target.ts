import { z } from "zod";
import { isUnchanged, openTransaction } from "../deploy/activation/plan-activation.ts";
import { storePathSchema } from "../deploy/activation/transaction.ts";
import { type BootFacts, readBoot } from "../deploy/boot/read-boot.ts";
import { RemoteOutputError } from "../deploy/errors.ts";
import type { HostFacts, MachineClass } from "../deploy/host-facts.ts";
import { composeScript } from "../deploy/host-script.ts";
import type { HostSession } from "../deploy/host-session.ts";
import { rootShell } from "../deploy/root-shell.ts";
import { renderAddress } from "../deploy/ssh/connection-spec.ts";

const script = [new URL("./host/probe.sh", import.meta.url)];

/** How a host was found, and is left; `/nix/var/pulumi-clan-acceptance/before.json` while a run is under way. */
export const foundSchema = z.strictObject({
  schema: z.literal(1),
  class: z.enum(["nixos", "darwin"]),
  toplevel: storePathSchema,
  generation: z.int().positive(),
  highestGeneration: z.int().positive(),
  booted: storePathSchema.nullable(),
  /** Units that had failed before the first row. */
  failedUnits: z.array(z.string().max(255)).max(5_000),
  hasLoader: z.boolean(),
  /** Files of an earlier deployment lay in /nix/var/pulumi-clan, and stay. */
  hadState: z.boolean(),
});
export type Found = z.output<typeof foundSchema>;

/** What is known of a host before anything on it is touched. */
export interface Target {
  readonly facts: HostFacts;
  /** Absent: a Mac. */
  readonly boot?: BootFacts;
  /** Words for people: operating system, versions, loader. */
  readonly description: Readonly<Record<string, string>>;
  /** Units of tools that deploy by themselves. */
  readonly deployers: readonly string[];
  /** `/etc` is an image: no variant with another unit can be made. */
  readonly hasEtcImage: boolean;
  readonly hasNixBuild: boolean;
  readonly highestGeneration: number | null;
  /** /nix/var/pulumi-clan is there. */
  readonly hasState: boolean;
  /** An earlier run was cut off, and noted this before. */
  readonly before?: Found;
}

/** Reads, touches nothing. @throws {RemoteOutputError} */
export async function probeTarget(
  session: HostSession,
  machineClass: MachineClass,
  signal: AbortSignal,
): Promise<Target> {
  const facts = await session.facts({ class: machineClass }, signal);
  const shell = rootShell(session);
  const [boot, probe] = await Promise.all([
    machineClass === "darwin" ? undefined : readBoot(shell, undefined, signal),
    shell.exec(composeScript("acceptance probe", script, []), { deadlineSeconds: 60 }, signal),
  ]);
  const values = parseLines(probe.stdout);
  if (probe.code !== 0 || values("end")[0] !== "yes")
    throw nonsense(session, "a description of the host", probe.stderr || probe.stdout);
  const one = (key: string): string => values(key)[0] ?? "";
  const note = one("before");
  return {
    facts,
    ...(boot === undefined ? {} : { boot }),
    description: describe(facts, boot, one),
    deployers: values("deployer"),
    hasEtcImage: one("etc-image") === "yes",
    hasNixBuild: one("nix-build") !== "",
    highestGeneration: Number(one("highest-generation")) || facts.generation,
    hasState: one("state-folder") === "yes",
    ...(note === "" ? {} : { before: parseNote(session, note) }),
  };
}

/** Why nothing may be tried on this host; empty: nothing speaks against it. */
export function reasonsAgainst(target: Target, machineClass: MachineClass): string[] {
  const { facts, before } = target;
  const reasons: string[] = [];
  const name = { nixos: "NixOS", darwin: "nix-darwin", other: "neither NixOS nor nix-darwin" };
  if (facts.class !== machineClass)
    return [`it is ${name[facts.class]}, expected ${name[machineClass]} (--darwin names a Mac)`];
  if (facts.uid !== 0) reasons.push("neither root nor `sudo -n`");
  if (facts.tools.nixStore === undefined || facts.tools.nixEnv === undefined || !target.hasNixBuild)
    reasons.push("nix-store, nix-env or nix-build is missing: variants are built on the host");
  if (!facts.boot.mounted) reasons.push("/boot stands in fstab and is not mounted");
  if (before !== undefined) return reasons; // it is put back first
  if (facts.owner !== undefined)
    reasons.push(`it belongs to ${renderOwner(facts.owner)}: take one that nobody deploys`);
  if (facts.transaction !== undefined) {
    const state = openTransaction(facts) === undefined ? "was cut off" : "is open";
    reasons.push(`a deployment of it ${state}`);
  }
  const { current } = facts;
  if (current === null || facts.generation === null) reasons.push("it runs no generation of its system profile");
  else if (
    !isUnchanged({ ...facts, transaction: undefined }, { toplevel: current, specialisation: null, class: machineClass })
  )
    reasons.push("running system, profile and default boot entry are not the same: switch or reboot it first");
  return reasons;
}

/** What to come back to. @throws {TypeError} for a host that `reasonsAgainst` speaks against */
export function foundOf({ facts, highestGeneration, hasState }: Target): Found {
  const { current, generation } = facts;
  if (facts.class === "other" || current === null || generation === null || highestGeneration === null)
    throw new TypeError("no system was found");
  return {
    schema: 1,
    class: facts.class,
    toplevel: current,
    generation,
    highestGeneration,
    booted: facts.booted,
    failedUnits: facts.failedUnits,
    hasLoader: facts.class === "nixos" && facts.bootable,
    hadState: hasState,
  };
}

/** `key<TAB>value` lines, by key. */
export function parseLines(text: string): (key: string) => readonly string[] {
  const lines = text.split("\n").map((line) => line.split("\t"));
  return (key) => lines.flatMap(([name, value]) => (name === key && value ? [value] : []));
}

function describe(
  facts: HostFacts,
  boot: BootFacts | undefined,
  one: (key: string) => string,
): Readonly<Record<string, string>> {
  const { current, generation, boot: loader, freeKib } = facts;
  const mebibytes = (kib: number | null): string => (kib === null ? "unknown" : `${Math.floor(kib / 1024)} MiB`);
  const all: Readonly<Record<string, string>> = {
    "operating system": one("os"),
    system: one("version"),
    platform: facts.system,
    kernel: one("kernel"),
    virtualisation: one("virtualisation"),
    nix: one("nix"),
    init: [one("init"), one("init-version")].filter((part) => part !== "").join(", "),
    "state of init": one("state"),
    loader: boot === undefined ? "" : loader.kind,
    "default entry": loader.entry ?? "",
    "free in /boot": boot === undefined ? "" : mebibytes(freeKib.boot),
    "free in /nix": mebibytes(freeKib.nix),
    "root may ask for a passphrase": boot === undefined ? "" : boot.mayAskPassphrase ? "yes: it is not rebooted" : "no",
    current: current ?? "nothing known",
    profile: `${facts.profile ?? "nothing known"}${generation === null ? "" : `, generation ${generation}`}`,
    booted: facts.booted ?? "",
    "failed units": facts.failedUnits.join(" "),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

function renderOwner(owner: NonNullable<HostFacts["owner"]>): string {
  return owner === "unreadable" ? "another version of pulumi-clan" : `${owner.project}/${owner.stack}`;
}

function parseNote(session: HostSession, text: string): Found {
  try {
    return foundSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError)
      throw nonsense(session, "the note of an earlier run (/nix/var/pulumi-clan-acceptance/before.json)", text);
    throw error;
  }
}

function nonsense(session: HostSession, expected: string, found: string): RemoteOutputError {
  return new RemoteOutputError({
    summary: `${session.spec.machine}: the host's words make no sense`,
    expected,
    found: found.slice(-500) || "nothing",
    at: renderAddress(session.spec),
    fix: "log in and look",
  });
}
