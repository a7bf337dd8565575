import { stat } from "node:fs/promises";
import { InstallationRefusedError } from "./errors.ts";

/**
 * That the keys of encrypted disks can be read: nixos-anywhere would find out when the old system is gone.
 * Only names are told; a pipe would be empty at the second look.
 * @throws {InstallationRefusedError}
 */
export async function requireDiskKeys(machine: string, keys: Readonly<Record<string, string>>): Promise<void> {
  for (const [target, file] of Object.entries(keys)) {
    const found = await stat(file).then(
      (entry) => (!entry.isFile() ? "no regular file" : entry.size === 0 ? "an empty file" : undefined),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    if (found === undefined) continue;
    throw new InstallationRefusedError({
      summary: `${machine}: the key of an encrypted disk cannot be read, nothing was touched`,
      expected: `a file with the key that the disk script looks for at ${target}`,
      found: `${file}: ${found}`,
      at: `pulumi-clan:hosts.${machine}.install.diskKeys`,
      fix: "make the file, readable by you alone and outside of the fleet's tree, or correct its path",
    });
  }
}
