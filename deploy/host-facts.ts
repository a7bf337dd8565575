import { z } from "zod";
import type { StorePath } from "../local-nix/store-path.ts";
import { hostScript } from "./activation/scripts.ts";
import { ownerSchema, storePathSchema, transactionSchema, unitNameSchema } from "./activation/transaction.ts";
import { FactLines, senselessFacts } from "./fact-lines.ts";
import type { SshHost } from "./ssh/ssh-host.ts";

const unitsSchema = z.array(unitNameSchema).max(5000);
/** Absolute path of a program on a host, which is run there: one with other characters is none that we know of. */
export const toolPathSchema = z.string().regex(/^\/[A-Za-z0-9/._+-]{1,400}$/);
const toolSchema = toolPathSchema.optional().catch(undefined);
/** A link may point at something that is no store path (an installer's, a hand-made one): then nothing of ours is there. */
const linkSchema = z
  .string()
  .max(4096)
  .transform((path) => storePathSchema.safeParse(path).data ?? null);

/** A file of ours on the host that a newer or foreign version wrote is `unreadable`, never guessed at. */
function stateFileSchema<T extends z.ZodType>(schema: T) {
  return z.string().transform((text): z.output<T> | "unreadable" => {
    try {
      const parsed = schema.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : "unreadable";
    } catch (error) {
      if (error instanceof SyntaxError) return "unreadable";
      throw error;
    }
  });
}

const lockSchema = z.string().transform((text) => {
  const [pid = "", bootId = "", since = "", token = "", ...by] = text.slice(0, 500).split(" ");
  return { pid, bootId, since: Number(since) || 0, token, by: by.join(" ") };
});

const jobSchema = z
  .string()
  .regex(/^[0-9a-f]{8,32}-(?:test|commit|rollback)-\d{1,4} (?:done \d{1,3}|running|lost|starting)$/)
  .transform((text): Job => {
    const [id = "", state, code] = text.split(" ");
    return state === "done"
      ? { id, state, code: Number(code) }
      : { id, state: state === "running" || state === "lost" ? state : "starting" };
  });

/** One phase of a transaction at work on the host; `lost`: it began, and was killed before its end. */
export type Job =
  | { readonly id: string; readonly state: "running" | "lost" | "starting" }
  | { readonly id: string; readonly state: "done"; readonly code: number };

const restartsSchema = z
  .string()
  .regex(/^[A-Za-z0-9:_.\\@-]{1,255} [1-9]\d{0,8}$/)
  .transform((text) => {
    const [unit = "", count] = text.split(" ");
    return { unit, count: Number(count) };
  });

const specialisationSchema = z
  .string()
  .transform((text) => text.split(" "))
  .pipe(z.tuple([storePathSchema, z.string().min(1).max(255)]))
  .transform(([of, name]) => ({ of, name }));

/** What a host is and runs, as it says itself. Store paths that are missing or none are null. */
export const hostFactsSchema = z.object({
  /** Class by the markers of the running system and of macOS. */
  class: z.enum(["nixos", "darwin", "other"]),
  /** Nix' name of the platform, `x86_64-linux`. */
  system: z.string().max(100),
  hostname: z.string().max(255),
  uid: z.int(),
  loginUid: z.int(),
  bootId: z.string().min(1).max(100),
  current: linkSchema,
  /** Systems of which what runs is a specialisation, among the profile's and the one asked about. Two names may mean one path. */
  specialisations: z.array(specialisationSchema).max(200),
  /** The running system has a kernel and boot entries (no container). */
  bootable: z.boolean(),
  booted: linkSchema,
  profile: linkSchema,
  generation: z.int().positive().nullable(),
  boot: z.object({
    /** `unverified`: a loader that picks the default itself, when it boots. */
    kind: z.enum(["systemd-boot", "grub", "extlinux", "lanzaboote", "unverified", "none"]),
    entry: z.string().max(255).nullable(),
    /** The system that the next boot starts. */
    toplevel: linkSchema,
    /** Kernel and initrd of that entry exist (known for systemd-boot; others: true). */
    filesPresent: z.boolean(),
    /** false: /boot stands in fstab and is not mounted. */
    mounted: z.boolean(),
    /** A trial boot's profile and entry are still there: whoever made it was stopped before he cleared up. */
    trialLeft: z.boolean(),
  }),
  activeUnits: unitsSchema,
  failedUnits: unitsSchema,
  /** Services that systemd started anew by itself since somebody started them last, and how often. */
  restarts: z.array(restartsSchema).max(1000),
  /** Units that an interrupted switch-to-configuration left to be started, restarted, reloaded. */
  leftovers: unitsSchema,
  freeKib: z.object({ nix: z.int().nonnegative().nullable(), boot: z.int().nonnegative().nullable() }),
  tools: z.object({ nixStore: toolSchema, nixEnv: toolSchema, nixDaemon: toolSchema }),
  owner: stateFileSchema(ownerSchema).optional(),
  transaction: stateFileSchema(transactionSchema).optional(),
  lock: lockSchema.optional(),
  /** Jobs of the open or last transaction. */
  jobs: z.array(jobSchema).max(100),
  /** The host's clock, Unix seconds. */
  now: z.int().nonnegative(),
});
export type HostFacts = z.output<typeof hostFactsSchema>;
export type MachineClass = "nixos" | "darwin";

/** What a host is asked about. */
export interface FactsQuestion {
  readonly class: MachineClass;
  /** Of this system, too, it is told whether what runs is a specialisation of it. */
  readonly toplevel?: StorePath;
}

/** One round trip. As root where root or `sudo -n` can be had, else without what only root may read. @throws {RemoteOutputError} */
export async function readFacts(
  host: SshHost,
  { class: expected, toplevel }: FactsQuestion,
  signal: AbortSignal,
): Promise<HostFacts> {
  const options = { elevation: "if-possible", deadlineSeconds: 30, maxOutputBytes: 2 * 1024 * 1024 } as const;
  const text = await host.read(hostScript("facts", [toplevel ?? ""]), options, signal);
  const parsed = hostFactsSchema.safeParse(collectFacts(text, expected));
  if (parsed.success) return parsed.data;
  throw senselessFacts(host, "facts about system, profile and units", "a NixOS or nix-darwin machine", parsed.error);
}

/**
 * Lines of scripts/facts.sh as an object for the schema.
 * @param expected - decides between the markers of a host that shows both (a Mac with a NixOS file lying about).
 */
export function collectFacts(text: string, expected: MachineClass): unknown {
  const lines = new FactLines(text);
  const all = (key: string): readonly string[] => lines.all(key);
  const one = (key: string): string | undefined => lines.one(key);
  const link = (key: string): string => one(key) ?? "";
  return {
    class: classOf(all("marker"), one("kernel"), expected),
    system: systemOf(one("arch"), one("kernel")),
    hostname: link("hostname"),
    uid: numberOf(one("uid")),
    loginUid: numberOf(one("login.uid")),
    bootId: one("boot-id"),
    current: link("current"),
    specialisations: all("specialisation"),
    bootable: one("bootable") === "yes",
    booted: link("booted"),
    profile: link("profile"),
    generation: numberOf(/^system-(\d{1,9})-link$/.exec(link("generation"))?.[1]),
    boot: {
      kind: one("boot.kind"),
      entry: one("boot.entry") ?? null,
      toplevel: link("boot.init").replace(/\/init$/, ""),
      filesPresent: one("boot.files") === "yes",
      mounted: one("boot.mounted") !== "no",
      trialLeft: one("boot.trial") === "yes",
    },
    activeUnits: all("unit.active"),
    failedUnits: all("unit.failed"),
    restarts: all("unit.restarts"),
    leftovers: ["start", "restart", "reload"].flatMap((list) => all(`leftover.${list}`)),
    freeKib: { nix: numberOf(one("free.nix")), boot: numberOf(one("free.boot")) },
    tools: { nixStore: one("tool.nix-store"), nixEnv: one("tool.nix-env"), nixDaemon: one("tool.nix-daemon") },
    owner: one("owner"),
    transaction: one("transaction"),
    lock: one("lock"),
    // Whatever else lies in that folder is none of ours.
    jobs: all("job").filter((line) => jobSchema.safeParse(line).success),
    now: numberOf(one("end")),
  };
}

function classOf(markers: readonly string[], kernel: string | undefined, expected: MachineClass): string {
  if (kernel === "Darwin") return "darwin";
  if (markers.length > 1) return expected;
  return markers[0] ?? "other";
}

/** Source: Nix' `system` of the usual `uname -m` and `uname -s`. */
export function systemOf(arch: string | undefined, kernel: string | undefined): string | undefined {
  if (arch === undefined || kernel === undefined) return undefined;
  const cpu = arch === "arm64" ? "aarch64" : arch === "i686" ? "i686" : arch;
  return `${cpu}-${kernel.toLowerCase()}`;
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
