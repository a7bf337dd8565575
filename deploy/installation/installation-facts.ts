import { z } from "zod";
import { storePathSchema } from "../activation/transaction.ts";
import { FactLines, senselessFacts } from "../fact-lines.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { diskPartSchema } from "./disk-contents.ts";

/** What `nixos-anywhere` does, in this order. Source: nixos-anywhere 1.13, src/nixos-anywhere.sh, `--phases`. */
export const installationPhases = ["kexec", "disko", "install", "reboot"] as const;
export type InstallationPhase = (typeof installationPhases)[number];

/** How far an installation is; `/run/pulumi-clan-installation` of the installer. */
export const installationNoteSchema = z.strictObject({
  machine: z.string().min(1).max(200),
  /** The last phase that ended well. */
  after: z.enum(["kexec", "disko", "install"]),
  /** Store paths of what it did; of another declaration it says nothing. */
  diskoScript: storePathSchema,
  toplevel: storePathSchema,
});
export type InstallationNote = z.output<typeof installationNoteSchema>;

/** What an installation leaves on the machine; `/nix/var/pulumi-clan/installation.json`. */
export const installationRecordSchema = z.strictObject({
  /** The word by which it was allowed to wipe a NixOS: it serves once. */
  reinstall: z.string().max(200).nullable(),
  toplevel: storePathSchema,
});

/** A file of ours that another version wrote is none. */
function jsonText<T extends z.ZodType>(schema: T) {
  return z.string().transform((text): z.output<T> | null => {
    try {
      return schema.safeParse(JSON.parse(text)).data ?? null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  });
}

const bytes = z
  .string()
  .regex(/^\d{0,18}$/)
  .transform((text) => (text === "" ? null : Number(text)));

/** A device that is to be wiped; `disk` null: there is no such block device. */
const deviceSchema = z
  .string()
  .regex(/^\/[^\s]* (?:\/[^\s]*|-) \d*$/)
  .transform((line) => line.split(" "))
  .pipe(z.tuple([z.string(), z.string(), bytes]))
  .transform(([path, disk, sizeBytes]) => ({ path, disk: disk === "-" ? null : disk, sizeBytes }));

const diskSchema = z
  .string()
  .regex(/^\/[^\s]* \d*(?: \/[^\s]*)*$/)
  .transform((line) => line.split(" "))
  .pipe(z.tuple([z.string(), bytes], z.string()))
  .transform(([path, sizeBytes, ...names]) => ({ path, sizeBytes, names }));
export type Disk = z.output<typeof diskSchema>;

/** What a machine is before, during and after its installation, as it says itself. */
export const installationFactsSchema = z.object({
  /** `installer`: NixOS' own, in memory. `nixos`: an installed one. */
  os: z.enum(["foreign", "installer", "nixos"]),
  /** e.g. `Debian GNU/Linux 12 (bookworm)`. */
  name: z.string().max(200),
  kernel: z.string().max(50),
  /** `uname -m`. */
  arch: z.string().max(50),
  /** Whether we can be root there. */
  root: z.boolean(),
  bootId: z.string().min(1).max(100),
  machineId: z.string().max(100).nullable(),
  current: storePathSchema.nullable(),
  memoryKib: z.int().nonnegative().nullable(),
  /** null: not told; a BIOS, for instance. */
  secureBoot: z.boolean().nullable(),
  /** Public keys that the installer would take over. */
  keys: z.int().nonnegative(),
  /** Google's OS Login decides who may log in. */
  osLogin: z.boolean(),
  /** In the order in which they were asked about. */
  devices: z.array(deviceSchema).max(100),
  disks: z.array(diskSchema).max(1000),
  /** What lies on the devices. Empty: nothing, or nobody can tell. */
  parts: z.array(diskPartSchema).max(5000),
  /** What formats or installs there at this moment: process number and command line. */
  working: z.array(z.string().max(300)).max(1000),
  note: jsonText(installationNoteSchema),
  record: jsonText(installationRecordSchema),
});
export type InstallationFacts = z.output<typeof installationFactsSchema>;

const folder = new URL("./scripts/", import.meta.url);

/** One round trip. @param devices - that are to be wiped. @throws {RemoteOutputError} */
export async function readInstallationFacts(
  host: SshHost,
  devices: readonly string[],
  signal: AbortSignal,
): Promise<InstallationFacts> {
  const script = composeScript("installation facts", [new URL("facts.sh", folder)], devices);
  const text = await host.read(script, { elevation: "if-possible", deadlineSeconds: 30 }, signal);
  const parsed = installationFactsSchema.safeParse(collect(text));
  if (parsed.success) return parsed.data;
  throw senselessFacts(host, "facts about its system and its disks", "a Linux machine", parsed.error);
}

/** Writes down in the installer how far it is. */
export async function writeInstallationNote(host: SshHost, note: InstallationNote, signal: AbortSignal): Promise<void> {
  const script = composeScript("installation note", [new URL("note.sh", folder)], [JSON.stringify(note)]);
  await host.read(script, { elevation: "if-possible", deadlineSeconds: 30 }, signal);
}

/** Lines of scripts/facts.sh as an object for the schema. */
function collect(text: string): unknown {
  const lines = new FactLines(text);
  const one = (key: string): string => lines.one(key) ?? "";
  const storePath = storePathSchema.safeParse(one("current"));
  return {
    os: osOf(one("id"), one("id-like"), one("variant"), one("nixos") === "yes"),
    name: one("name") || one("id"),
    kernel: one("kernel"),
    arch: one("arch"),
    root: one("uid") === "0",
    bootId: one("boot-id"),
    machineId: one("machine-id") || null,
    current: storePath.data ?? null,
    memoryKib: one("memory") === "" ? null : Number(one("memory")),
    secureBoot: one("secure-boot") === "" ? null : one("secure-boot") === "1",
    keys: Number(one("keys")),
    osLogin: one("os-login") === "yes",
    devices: lines.all("device"),
    disks: lines.all("disk"),
    parts: lines.all("part"),
    working: lines.all("working"),
    note: one("note"),
    record: one("served"),
    // Without its last line the answer was cut on the way: then nothing of it counts.
    ...(one("end") === "yes" ? {} : { os: "cut" }),
  };
}

/** Source: nixos-anywhere 1.13, src/get-facts.sh; nixos-images, `VARIANT_ID=installer`. */
function osOf(id: string, idLike: string, variant: string, marked: boolean): InstallationFacts["os"] {
  const nixos = id === "nixos" || idLike.split(" ").includes("nixos");
  if (nixos && variant === "installer") return "installer";
  return nixos || marked ? "nixos" : "foreign";
}
