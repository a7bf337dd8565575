import { createHash } from "node:crypto";
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { SecretFile, StagedSecrets } from "../secrets/secret-source.ts";
import { InstallationRefusedError } from "./errors.ts";

/** A file that comes with an installation. */
export interface InstalledFile {
  /** Absolute, on the installed machine. */
  readonly path: string;
  /** Octal. Owner is root. */
  readonly mode: string;
  read(): Promise<Uint8Array>;
}

/** Files for one installation, as `nixos-anywhere --extra-files` takes them. Disposal removes them. */
export interface ExtraFiles extends AsyncDisposable {
  readonly folder: string;
}

/** Owners of other files do not exist yet, and /run is gone with the reboot: the first deployment brings those. */
function ofRoot({ path, owner = "root", group = "0" }: SecretFile): boolean {
  return !path.startsWith("/run/") && ["root", "0"].includes(owner) && ["root", "0"].includes(group);
}

/** What of a machine's secrets comes with the install: its identities, and files of root's on its disk. */
export function installedSecrets({ identities, files }: Pick<StagedSecrets, "identities" | "files">): InstalledFile[] {
  return [...identities, ...files]
    .filter(ofRoot)
    .map((file) => ({ path: file.path, mode: file.mode ?? "0400", read: () => file.read() }));
}

/**
 * What a deployment leaves behind when it has delivered secrets, so that the first one finds them delivered: digest, then
 * `hash kind path` a line. Source: deploy/secrets/scripts/secrets.sh.
 * @returns none where something is left to be delivered.
 */
export function secretsManifest(staged: StagedSecrets): InstalledFile[] {
  const { digest, identities, files, userIdentities = [] } = staged;
  if (userIdentities.length > 0 || ![...identities, ...files].every(ofRoot)) return [];
  const lines = (kind: string, listed: readonly SecretFile[]): Promise<string>[] =>
    listed.map(
      async ({ path, read }) =>
        `${createHash("sha256")
          .update(await read())
          .digest("hex")} ${kind} ${path}`,
    );
  const read = async (): Promise<Uint8Array> => {
    const all = await Promise.all([...lines("i", identities), ...lines("f", files)]);
    return Buffer.from(`${[digest, ...all].join("\n")}\n`);
  };
  return [{ path: "/nix/var/pulumi-clan/secrets/installed", mode: "0600", read }];
}

/** Folders that only root may enter on any NixOS; the archive would otherwise open them. */
const closed = ["/root", "/root/.ssh", "/var/lib/sops-nix", "/nix/var/pulumi-clan", "/nix/var/pulumi-clan/secrets"];

/**
 * Writes the files below a folder that only the operator may enter, in memory where the system has such a place.
 * @throws {InstallationRefusedError} a path leads out of that folder.
 */
export async function writeExtraFiles(files: readonly InstalledFile[]): Promise<ExtraFiles> {
  const private_ = await mkdtemp(join(await memoryFolder(), "pulumi-clan-install-"));
  const remove = (): Promise<void> => rm(private_, { recursive: true, force: true, maxRetries: 3 });
  try {
    // The archive gives its folders' modes to those of the installed root: they must be what they are there.
    const folder = join(private_, "root");
    await mkdir(folder, { mode: 0o755 });
    for (const { path, mode, read } of files) {
      requireInside(path);
      await makeFolders(folder, dirname(path));
      const target = join(folder, path);
      await writeFile(target, await read(), { mode: 0o600 });
      await chmod(target, Number.parseInt(mode, 8));
    }
    return { folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Paths are the configuration's word, and its author has no business in the operator's own folders. */
function requireInside(path: string): void {
  if (path.startsWith("/") && !path.split("/").includes("..")) return;
  throw new InstallationRefusedError({
    summary: "a file that comes with the installation has a path that leads elsewhere",
    expected: "an absolute path without ..",
    found: path,
    at: "the machine's configuration",
    fix: "correct the path of this secret",
  });
}

async function makeFolders(root: string, path: string): Promise<void> {
  let at = "";
  for (const part of path.split("/").filter((one) => one !== "")) {
    at = `${at}/${part}`;
    await mkdir(join(root, at), { recursive: true });
    await chmod(join(root, at), closed.includes(at) ? 0o700 : 0o755); // whatever the umask says
  }
}

/** Linux has /dev/shm for every user; elsewhere the operator's own temporary folder. */
export async function memoryFolder(): Promise<string> {
  try {
    await access("/dev/shm");
    return "/dev/shm";
  } catch {
    return tmpdir(); // macOS: a folder of this user's alone, and it is not kept over a restart
  }
}
