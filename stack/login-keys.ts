import { readFile } from "node:fs/promises";
import ssh2 from "ssh2";

/**
 * Public halves of the operator's key files, `ssh-ed25519 AAAA…` each: from the `.pub` file beside it, else from the private
 * key itself where it is not encrypted. @returns none for a file that tells neither.
 */
export async function publicHalves(identityFiles: readonly string[]): Promise<readonly string[]> {
  const keys = await Promise.all(identityFiles.map(publicHalf));
  return [...new Set(keys.filter((key) => key !== undefined))];
}

async function publicHalf(file: string): Promise<string | undefined> {
  const stated = (await readOrNone(`${file}.pub`))?.toString().trim().split(/\s+/);
  if (stated?.[0] !== undefined && stated[1] !== undefined) return `${stated[0]} ${stated[1]}`;
  const text = await readOrNone(file);
  const parsed = text === undefined ? undefined : ssh2.utils.parseKey(text);
  if (parsed === undefined || parsed instanceof Error || Array.isArray(parsed)) return undefined;
  return `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
}

async function readOrNone(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    // Whether the key itself can be read is told where it is used.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES"))
      return undefined;
    throw error;
  }
}
