import { z } from "zod";
import { FactLines, senselessFacts } from "../fact-lines.ts";
import { systemOf } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const script = [new URL("./scripts/hardware.sh", import.meta.url)];

const hardwareSchema = z.object({
  /** Nix' name of the platform, `x86_64-linux`. */
  system: z.string().max(100),
  /** A container has neither firmware nor disks of its own. */
  container: z.boolean(),
  /** By which firmware it was started; null: by another kind, or it does not tell. */
  firmware: z.enum(["efi", "bios"]).nullable(),
  /** Kernel modules, not built in, by which it reaches the disks of its root. */
  rootDrivers: z.array(z.string().regex(/^[\w-]{1,64}$/)).max(100),
  /** The device that was asked about is there; null: not asked, or no device. */
  hasRootDevice: z.boolean().nullable(),
  /** NixOS releases that it has run, as far as its generations go, e.g. `25.05`. */
  releases: z.array(z.string()).max(1000),
});
/** What a host is, as far as a system must fit it. */
export type HostHardware = z.output<typeof hardwareSchema>;

/**
 * One round trip, which touches nothing and needs no root.
 * @param rootDevice - what the system takes for its root, `/dev/disk/by-label/nixos`. @throws {RemoteOutputError}
 */
export async function readHardware(
  host: SshHost,
  rootDevice: string | null,
  signal: AbortSignal,
): Promise<HostHardware> {
  const options = { elevation: "if-possible", deadlineSeconds: 30 } as const;
  const text = await host.read(composeScript("hardware", script, [rootDevice ?? ""]), options, signal);
  const parsed = parseHardware(text);
  if (parsed.success) return parsed.data;
  throw senselessFacts(host, "platform, firmware, drivers", "a NixOS or nix-darwin machine", parsed.error);
}

/** @param text - lines of scripts/hardware.sh */
export function parseHardware(text: string): z.ZodSafeParseResult<HostHardware> {
  const lines = new FactLines(text);
  const root = lines.one("root");
  // Without its last line the answer was cut on the way: what it does not say must not be taken for a no.
  const system = lines.one("end") === "yes" ? systemOf(lines.one("arch"), lines.one("kernel")) : undefined;
  return hardwareSchema.safeParse({
    system,
    container: lines.one("container") !== undefined,
    firmware: lines.one("firmware") ?? null,
    rootDrivers: [...new Set(lines.all("driver"))],
    hasRootDevice: root === undefined ? null : root === "yes",
    // Source: nixpkgs, lib/trivial.nix: `25.05.20250601.abcdef1`, or `25.05pre-git`.
    releases: [...new Set(lines.all("release").flatMap((version) => /^\d\d\.\d\d/.exec(version)?.[0] ?? []))].sort(),
  });
}
