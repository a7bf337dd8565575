import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SecretFile } from "../secrets/secret-source.ts";
import { InstallationRefusedError } from "./errors.ts";
import { memoryFolder } from "./extra-files.ts";
import { diskKeyPathSchema } from "./installation-request.ts";

/** Keys of encrypted disks as `nixos-anywhere --disk-encryption-keys` takes them. Disposal removes what was written for it. */
export interface DiskKeys extends AsyncDisposable {
  /** Path in the installer → local file. */
  readonly paths: Readonly<Record<string, string>>;
}

/**
 * Writes the clan's keys where only the operator may look, in memory where the system has such a place.
 * @param stated - by the stack: they win, and are left where they are.
 * @throws {InstallationRefusedError} one cannot be read, or lies at a path that a shell would not take as it is.
 */
export async function writeDiskKeys(
  machine: string,
  kept: readonly SecretFile[],
  stated: Readonly<Record<string, string>>,
): Promise<DiskKeys> {
  await requireDiskKeys(machine, stated);
  const missing = kept.filter(({ path }) => !Object.hasOwn(stated, path));
  if (missing.length === 0) return { paths: stated, [Symbol.asyncDispose]: () => Promise.resolve() };
  const folder = await mkdtemp(join(await memoryFolder(), "pulumi-clan-install-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const written: Record<string, string> = {};
    for (const [index, { path, read }] of missing.entries()) {
      if (!diskKeyPathSchema.safeParse(path).success) throw strangePath(machine, path);
      const file = join(folder, String(index));
      await writeFile(file, await read(), { mode: 0o600 });
      written[path] = file;
    }
    return { paths: { ...written, ...stated }, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * That the keys of encrypted disks can be read: nixos-anywhere would find out when the old system is gone.
 * Only names are told; a pipe would be empty at the second look.
 * @throws {InstallationRefusedError}
 */
async function requireDiskKeys(machine: string, keys: Readonly<Record<string, string>>): Promise<void> {
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

function strangePath(machine: string, path: string): InstallationRefusedError {
  return new InstallationRefusedError({
    summary: `${machine}: the key of an encrypted disk has a path that cannot be handed over`,
    expected: "an absolute path of letters, digits and . _ -",
    found: path,
    at: "clan.core.vars.generators of its configuration, neededFor = partitioning",
    fix: "rename the generator or its file",
  });
}
