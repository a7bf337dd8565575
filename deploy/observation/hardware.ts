import { z } from "zod";
import { RemoteOutputError } from "../errors.ts";
import { systemOf } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
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
  throw new RemoteOutputError({
    summary: `${host.spec.machine}: the host describes itself in a way that makes no sense`,
    expected: "platform, firmware, drivers",
    found: z.prettifyError(parsed.error).slice(0, 1_000),
    at: renderAddress(host.spec),
    fix: "is it a NixOS or nix-darwin machine? Log in and look",
  });
}

/** @param text - lines of scripts/hardware.sh */
export function parseHardware(text: string): z.ZodSafeParseResult<HostHardware> {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const all = (key: string): string[] => lines.flatMap(([name, value]) => (name === key && value ? [value] : []));
  const [root] = all("root");
  return hardwareSchema.safeParse({
    system: systemOf(all("arch")[0], all("kernel")[0]),
    container: all("container").length > 0,
    firmware: all("firmware")[0] ?? null,
    rootDrivers: [...new Set(all("driver"))],
    hasRootDevice: root === undefined ? null : root === "yes",
    // Source: nixpkgs, lib/trivial.nix: `25.05.20250601.abcdef1`, or `25.05pre-git`.
    releases: [...new Set(all("release").flatMap((version) => /^\d\d\.\d\d/.exec(version)?.[0] ?? []))].sort(),
  });
}
