import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { composeText } from "../host-script.ts";
import type { RemoteScript } from "../ssh/remote-command.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { UnitChanges } from "./plan-units.ts";

/** Where nix-darwin keeps property lists: of root's own jobs, of all users' sessions, and of its primary user's. */
export const launchdFolders = {
  LaunchDaemons: "Library/LaunchDaemons",
  LaunchAgents: "Library/LaunchAgents",
  UserAgents: "user/Library/LaunchAgents",
} as const;
type Folder = keyof typeof launchdFolders;

/** Folder → property list without `.plist` → SHA-256 of it, in hexadecimal digits; null: it cannot be read. */
export type PropertyLists = Readonly<Record<Folder, ReadonlyMap<string, string | null>>>;

/** What a Mac has of launchd's jobs. */
export interface HostLaunchd {
  /** Below /Library; of users' folders nothing is read. */
  readonly now: PropertyLists;
  /** The running system's. */
  readonly former: PropertyLists;
}

const noLists = (): Record<Folder, Map<string, string | null>> => ({
  LaunchDaemons: new Map(),
  LaunchAgents: new Map(),
  UserAgents: new Map(),
});
const folderNames = Object.keys(launchdFolders) as readonly Folder[]; // of the record above, which has no other keys

/** The property lists of a system in this machine's store. */
export async function readPropertyLists(system: string): Promise<PropertyLists> {
  const lists = noLists();
  for (const folder of folderNames) {
    const path = join(system, launchdFolders[folder]);
    for (const file of (await namesIn(path)).filter((name) => name.endsWith(".plist"))) {
      const content = await readFile(join(path, file));
      lists[folder].set(jobOf(file), createHash("sha256").update(content).digest("hex"));
    }
  }
  return lists;
}

/** @param root - where the root is. Default: the host's own. */
export function launchdScript(root = ""): RemoteScript {
  const text = `{\n${composeText([new URL("./scripts/launchd.sh", import.meta.url)])}\nexit\n}\n`;
  return { name: "pulumi-clan launchd", text, args: [root] };
}

/** Reads, touches nothing; nobody has to be root. @throws {RemoteCommandError} @throws {RemoteOutputError} */
export async function readHostLaunchd(host: SshHost, signal: AbortSignal): Promise<HostLaunchd | undefined> {
  const options = { deadlineSeconds: 30, maxOutputBytes: 1024 * 1024 };
  return parseHostLaunchd(await host.read(launchdScript(), options, signal));
}

/** @param text - lines of scripts/launchd.sh. @returns undefined: it was cut. */
export function parseHostLaunchd(text: string): HostLaunchd | undefined {
  const lines = text.split("\n").map((line) => line.split("\t"));
  if (lines.at(-2)?.[0] !== "launchd-end") return undefined;
  const found = { now: noLists(), former: noLists() };
  for (const [key, name, file = "", digest = ""] of lines) {
    const folder = folderNames.find((one) => one === name);
    if (folder === undefined || (key !== "now" && key !== "former") || !file.endsWith(".plist")) continue;
    found[key][folder].set(jobOf(file), /^[0-9a-f]{64}$/.test(digest) ? digest : null);
  }
  return found;
}

/**
 * Foretells what an activation tells launchd: a list that lies in /Library otherwise than in the new system is unloaded and
 * loaded, one that is not there is loaded, and one of the running system that the new one lacks is unloaded.
 * Source: nix-darwin 26.05, modules/system/launchd.nix.
 */
export function planLaunchd({ now, former }: HostLaunchd, wanted: PropertyLists): UnitChanges {
  const daemons = changesOf(now.LaunchDaemons, former.LaunchDaemons, wanted.LaunchDaemons);
  const agents = changesOf(now.LaunchAgents, former.LaunchAgents, wanted.LaunchAgents);
  const userAgents = changesOf(former.UserAgents, former.UserAgents, wanted.UserAgents);
  return {
    stop: daemons.gone,
    start: daemons.made,
    restart: daemons.changed,
    reload: [],
    keep: [],
    unsure: [
      ...daemons.unread.map((job) => `${job} cannot be read: whether it changes is not known`),
      ...agentsOf(agents, "agents of all users"),
      ...agentsOf(userAgents, "agents of the primary user"),
    ],
  };
}

interface ListChanges {
  readonly made: readonly string[];
  readonly changed: readonly string[];
  readonly gone: readonly string[];
  readonly unread: readonly string[];
}

function changesOf(
  now: ReadonlyMap<string, string | null>,
  former: ReadonlyMap<string, string | null>,
  wanted: ReadonlyMap<string, string | null>,
): ListChanges {
  const jobs = [...wanted.keys()].sort();
  return {
    made: jobs.filter((job) => !now.has(job)),
    changed: jobs.filter((job) => typeof now.get(job) === "string" && now.get(job) !== wanted.get(job)),
    gone: [...former.keys()].filter((job) => !wanted.has(job) && now.has(job)).sort(),
    unread: jobs.filter((job) => now.get(job) === null),
  };
}

/** Whether they run is a matter of who is logged in. */
function agentsOf({ made, changed, gone, unread }: ListChanges, whose: string): string[] {
  const told = { loaded: made, "loaded anew": changed, unloaded: gone, "perhaps loaded anew": unread };
  return Object.entries(told).flatMap(([what, jobs]) =>
    jobs.length === 0 ? [] : [`${whose}, ${what}: ${jobs.join(", ")}`],
  );
}

function jobOf(file: string): string {
  return file.slice(0, -".plist".length);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
