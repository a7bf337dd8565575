import { z } from "zod";

/** What a simulated host pretends to be: an installed NixOS, a Mac with nix-darwin, or a plain Debian that waits for its installation. */
export const hostKindSchema = z.enum(["nixos", "darwin", "debian"]);
export type HostKind = z.output<typeof hostKindSchema>;

/** What starts an installed NixOS. Source of the two: a UEFI machine, and one of the BIOS. */
const loaderSchema = z.enum(["systemd-boot", "grub"]);
export type Loader = z.output<typeof loaderSchema>;

/** One simulated host. Plain data; recorded below the simulation's state directory. */
export const hostSpecSchema = z.strictObject({
  /** RFC 1123 label of at most 11 characters: `pcs-<name>` must fit an interface name (15). */
  name: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,9}[a-z0-9])?$/, "expected an RFC 1123 label of at most 11 characters"),
  kind: hostKindSchema,
  /** IPv4 address of the host; the operator's side of every link is 198.51.100.1. */
  address: z.ipv4(),
  /** Size of the host's disk (everything it writes outside /boot). */
  diskBytes: z.int().positive(),
  /** Size of /boot, the look-alike of an EFI system partition. */
  bootBytes: z.int().positive(),
  /** Of kind nixos: the loader that its installation left in /boot. */
  loader: loaderSchema.default("systemd-boot"),
});
export type HostSpec = z.output<typeof hostSpecSchema>;

/** The operator's end of every host's link. In 198.51.100.0/24, reserved for documentation (RFC 5737). */
export const operatorAddress = "198.51.100.1";

const mebibyte = 2 ** 20;

/** A spec with the defaults: 1 GiB of disk, 64 MiB of /boot, systemd-boot. */
export function hostSpec(
  name: string,
  kind: HostKind,
  address: string,
  more: Partial<Pick<HostSpec, "diskBytes" | "bootBytes" | "loader">> = {},
): HostSpec {
  return hostSpecSchema.parse({ name, kind, address, diskBytes: 1024 * mebibyte, bootBytes: 64 * mebibyte, ...more });
}

/** The machines of the example fleet; galena and scheelite exist only while the GCP stand-in runs them. */
export const exampleHosts: readonly HostSpec[] = [
  hostSpec("cinnabar", "nixos", "198.51.100.11", { loader: "grub" }),
  hostSpec("electrum", "nixos", "198.51.100.12"),
  hostSpec("magnetite", "nixos", "198.51.100.13", { loader: "grub" }),
  hostSpec("galena", "nixos", "198.51.100.14"),
  hostSpec("scheelite", "nixos", "198.51.100.15"),
  hostSpec("pyrite", "nixos", "198.51.100.16"),
  hostSpec("stibnite", "darwin", "198.51.100.21"),
  hostSpec("blackphos", "darwin", "198.51.100.22"),
  hostSpec("rosegold", "darwin", "198.51.100.23"),
  hostSpec("argentum", "darwin", "198.51.100.24"),
];

/** Machines that the GCP stand-in boots when their instance is created. */
export const cloudHosts: ReadonlySet<string> = new Set(["galena", "scheelite"]);

/** Hosts of `sim up` without arguments: two, or with PULUMI_CLAN_SIM_HOSTS=all every one that is not a cloud node. */
export function defaultHosts(environment: NodeJS.ProcessEnv): readonly HostSpec[] {
  const own = exampleHosts.filter(({ name }) => !cloudHosts.has(name));
  if (environment["PULUMI_CLAN_SIM_HOSTS"] === "all") return own;
  return own.filter(({ name }) => name === "cinnabar" || name === "stibnite");
}
