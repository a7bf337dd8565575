import { chown, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { publishedKeyPath, readIfThere, type SimState, writeAtomically } from "./sim-state.ts";

/** An ed25519 key pair in OpenSSH's text forms. */
export interface KeyPair {
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
}

/** The operator's key pair; made on first use and kept for the life of the state directory. */
export async function operatorKeys(state: SimState, signal: AbortSignal): Promise<KeyPair> {
  return keyPair(state, state.operatorKey, "operator@simulation", signal);
}

/** The host's key pair, kept over resets, its public half published where clan's vars would have it. */
export async function hostKeys(state: SimState, name: string, signal: AbortSignal): Promise<KeyPair> {
  const pair = await keyPair(state, join(state.directory, "host-keys", name), name, signal);
  const published = publishedKeyPath(state, { name });
  if ((await readIfThere(published)) !== pair.publicKey) await writeAtomically(published, pair.publicKey);
  return pair;
}

async function keyPair(state: SimState, path: string, comment: string, signal: AbortSignal): Promise<KeyPair> {
  const privateKey = await readIfThere(path);
  const publicKey = await readIfThere(`${path}.pub`);
  if (privateKey !== undefined && publicKey !== undefined) return { privateKey, publicKey };
  await mkdir(state.directory, { recursive: true });
  const temporary = await mkdtemp(join(state.directory, "key-"));
  try {
    const file = join(temporary, "key");
    await runCommand("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file], {}, signal);
    await mkdir(join(path, ".."), { recursive: true });
    // Started through sudo: ssh refuses a private key that its user does not own.
    const [uid, gid] = [Number(process.env["SUDO_UID"]), Number(process.env["SUDO_GID"])];
    if (uid > 0 && gid > 0) await chown(file, uid, gid);
    // The public half first: whoever sees the private one also sees its partner.
    await rename(`${file}.pub`, `${path}.pub`);
    await rename(file, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return { privateKey: await readFile(path, "utf8"), publicKey: await readFile(`${path}.pub`, "utf8") };
}

/** A known_hosts file that names exactly this host's key; rewritten on each call. */
export async function knownHostsFile(
  state: SimState,
  name: string,
  address: string,
  publicKey: string,
): Promise<string> {
  const path = join(state.directory, "known-hosts", name);
  const [type = "", key = ""] = publicKey.split(" ");
  await writeAtomically(path, `${address} ${type} ${key}\n`);
  return path;
}
