import { z } from "zod";

/** What lies on a disk that is to be wiped: a partition, what is made of one, or the disk itself with a file system. */
export interface DiskPart {
  /** The disk, e.g. `/dev/sda`. */
  readonly disk: string;
  /** e.g. `/dev/sda1`. */
  readonly path: string;
  readonly sizeBytes: number | null;
  /** e.g. `ext4`, `crypto_LUKS`, `zfs_member`; null: none that is known. */
  readonly fileSystem: string | null;
  /** The file system's own name. */
  readonly label: string | null;
  /** The partition table's name of it. */
  readonly partLabel: string | null;
  readonly mountedAt: string | null;
  /** An installed NixOS was seen in its mounted file system. */
  readonly holdsNixos: boolean;
}

const member = /([A-Z-]+)="([^"]*)"/g;
const text = z
  .string()
  .max(4096)
  .transform((value) => (value === "" ? null : value));
const membersSchema = z.object({
  NAME: z.string().regex(/^\/dev\/\S+$/),
  SIZE: z
    .string()
    .regex(/^\d{1,18}$/)
    .transform(Number)
    .nullable()
    .catch(null),
  FSTYPE: text,
  LABEL: text,
  PARTLABEL: text,
  MOUNTPOINT: text,
  HOLDS: z.string(),
});

/** A line of `scripts/facts.sh`: the disk, and what `lsblk -P` says. Source: util-linux 2.41, lsblk(8), `--pairs`. */
export const diskPartSchema = z.string().transform((line, context): DiskPart => {
  const disk = line.slice(0, line.indexOf(" "));
  const members = Object.fromEntries(line.matchAll(member).map(([, key, value]) => [key, unescaped(value ?? "")]));
  const { data } = membersSchema.safeParse(members);
  if (data === undefined || !disk.startsWith("/dev/")) {
    context.addIssue({ code: "custom", message: "expected a disk and the pairs of lsblk" });
    return z.NEVER;
  }
  return {
    disk,
    path: data.NAME,
    sizeBytes: data.SIZE,
    fileSystem: data.FSTYPE,
    label: data.LABEL,
    partLabel: data.PARTLABEL,
    mountedAt: data.MOUNTPOINT,
    holdsNixos: data.HOLDS === "nixos",
  };
});

/** lsblk writes `\x20` for a space. */
function unescaped(value: string): string {
  return value.replace(/\\x([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/**
 * Whether it was made for a NixOS, by the names that are given to what is: disko's partitions are called
 * `disk-<disk>-<partition>`, the file systems of the manual and of NixOS' own images `nixos` and the like. What lies inside
 * of an encrypted partition with another name is seen by nobody.
 * Sources: disko, lib/types/gpt.nix, `label`; NixOS manual, "Installation"; nixpkgs, nixos/lib/make-disk-image.nix, `label`.
 */
export function isMadeForNixos({ fileSystem, label, partLabel, holdsNixos }: DiskPart): boolean {
  if (holdsNixos) return true;
  if (fileSystem === "iso9660") return false; // a stick with an installer
  return /^disk-.+-.+$/.test(partLabel ?? "") || /^nixos(?:$|[-_])/i.test(label ?? "");
}

/** `sda1 (ext4, 107 GB, disk-main-root, mounted at /mnt)`. */
export function renderPart({ path, fileSystem, sizeBytes, label, partLabel, mountedAt }: DiskPart): string {
  const facts = [
    ...(fileSystem === null ? [] : [fileSystem]),
    ...(sizeBytes === null ? [] : [renderSize(sizeBytes)]),
    ...(partLabel === null ? [] : [partLabel]),
    ...(label === null || label === partLabel ? [] : [label]),
    ...(mountedAt === null ? [] : [`mounted at ${mountedAt}`]),
  ];
  const name = path.slice(path.lastIndexOf("/") + 1);
  return facts.length === 0 ? name : `${name} (${facts.join(", ")})`;
}

/** Whole gigabytes, or megabytes below one. */
export function renderSize(bytes: number): string {
  return bytes >= 1e9 ? `${Math.round(bytes / 1e9)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
