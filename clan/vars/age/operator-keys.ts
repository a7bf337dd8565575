import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { dearmor, isNative, openNative, recipientOf } from "./age-file.ts";
import { openWithProgram } from "./age-program.ts";

/** Where an operator's keys are looked for. */
export interface KeyPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The operator's age keys. They leave this process only as the input of the `age` program, where a key is of a kind that
 * only it can use; never in an argument, a message or a log.
 */
export class OperatorKeys {
  readonly #native: readonly string[];
  readonly #plugins: readonly string[];
  readonly #sshKeys: readonly string[];
  /** Every place that was looked at, and what was there, for messages. */
  readonly searched: readonly string[];

  constructor(found: { readonly lines: readonly string[]; readonly sshKeys: readonly string[]; searched: string[] }) {
    this.#native = found.lines.filter(isNative);
    this.#plugins = found.lines.filter((line) => line.startsWith("AGE-PLUGIN-"));
    this.#sshKeys = found.sshKeys;
    this.searched = found.searched;
  }

  /** Whether there is a key at all. */
  get any(): boolean {
    return this.#native.length + this.#plugins.length + this.#sshKeys.length > 0;
  }

  /** @returns undefined where none of the keys opens it. @throws {AgeProgramError} for keys that need the program. */
  async open(file: Uint8Array, recipient: string | undefined, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const opened = await openNative(dearmor(file), this.#native);
    if (opened !== undefined) return opened;
    const isSsh = recipient?.startsWith("ssh-");
    const isPlugin = recipient === undefined || isOfPlugin(recipient);
    for (const key of isSsh === false ? [] : this.#sshKeys) {
      const content = await openWithProgram(file, { kind: "file", path: key }, signal);
      if (content !== undefined) return content;
    }
    if (!isPlugin || this.#plugins.length === 0) return undefined;
    return await openWithProgram(file, { kind: "lines", lines: this.#plugins }, signal);
  }

  /**
   * Whether one of the keys is the recipients', as far as that shows without opening anything: of an SSH key and one of a
   * plugin the public half is not known here.
   * @param recipients - as a file names them. @returns false: none of the keys opens it.
   */
  async mayOpen(recipients: readonly string[]): Promise<boolean> {
    const own = await this.recipients();
    return recipients.some((recipient) => {
      if (recipient.startsWith("ssh-")) return this.#sshKeys.length > 0;
      return own.includes(recipient) || (isOfPlugin(recipient) && this.#plugins.length > 0);
    });
  }

  /** These keys and others beside them, which open more: a machine's own. */
  with(identities: readonly string[]): OperatorKeys {
    const lines = [...identities, ...this.#native, ...this.#plugins];
    return new OperatorKeys({ lines, sshKeys: this.#sshKeys, searched: [...this.searched] });
  }

  /** Those of the keys that stand for one of the recipients, one a line. */
  async identitiesOf(recipients: readonly string[]): Promise<readonly string[]> {
    const own = await this.recipients();
    return this.#native.filter((_identity, index) => recipients.includes(own[index] ?? ""));
  }

  /** Public halves of the keys that this process can use by itself. */
  async recipients(): Promise<readonly string[]> {
    return await Promise.all(this.#native.map(recipientOf));
  }

  toJSON(): string {
    return "[operator's keys]";
  }

  [inspect.custom](): string {
    return "[operator's keys]";
  }
}

/** `age1<name>1…`. Source: age 1.2, plugin/encode.go. */
function isOfPlugin(recipient: string): boolean {
  return /^age1[a-z0-9.+_-]+1[0-9a-z]+$/.test(recipient);
}

/**
 * Finds the keys as sops does. Source: sops 3.11, `age/keysource.go` (loadIdentities): SOPS_AGE_SSH_PRIVATE_KEY_FILE or
 * `~/.ssh/id_ed25519` or `~/.ssh/id_rsa`; SOPS_AGE_KEY; SOPS_AGE_KEY_FILE; `sops/age/keys.txt` in the user's configuration.
 * @param cipher - `age`: also where clan's age back end looks.
 */
export async function findOperatorKeys(
  places: KeyPlaces = ofThisProcess(),
  cipher: "sops" | "age" = "sops",
): Promise<OperatorKeys> {
  const { env, home } = places;
  const lines: string[] = [];
  const sshKeys: string[] = [];
  const searched: string[] = [];
  for (const name of [...(cipher === "age" ? ["AGE_KEY"] : []), "SOPS_AGE_KEY"]) {
    const found = identityLines(env[name] ?? "");
    lines.push(...found);
    searched.push(`${name} (${env[name] ? counted(found) : "not set"})`);
  }
  const named = [...(cipher === "age" ? [env["AGE_KEYFILE"]] : []), env["SOPS_AGE_KEY_FILE"]].filter((path) => path);
  const known = [...(cipher === "age" ? ageFiles(home) : []), userKeysFile(places)];
  for (const path of new Set([...named.map(String), ...known])) {
    const text = await textAt(path);
    const found = identityLines(typeof text === "string" ? text : "");
    lines.push(...found);
    searched.push(`${path} (${typeof text === "string" ? counted(found) : text.absent})`);
  }
  const sshFile = env["SOPS_AGE_SSH_PRIVATE_KEY_FILE"];
  const candidates = sshFile ? [sshFile] : ["id_ed25519", "id_rsa"].map((name) => join(home, ".ssh", name));
  for (const path of candidates) {
    const text = await textAt(path);
    if (typeof text === "string") sshKeys.push(path);
    searched.push(`${path} (${typeof text === "string" ? "an SSH key" : text.absent})`);
  }
  return new OperatorKeys({ lines, sshKeys, searched });
}

/** Source: Go 1.24, `os.UserConfigDir`; sops looks at XDG_CONFIG_HOME on macOS as well. */
function userKeysFile({ env, home, platform }: KeyPlaces): string {
  const stated = env["XDG_CONFIG_HOME"];
  const folder = stated || join(home, ...(platform === "darwin" ? ["Library", "Application Support"] : [".config"]));
  return join(folder, "sops", "age", "keys.txt");
}

/** Source: clan-core 26.05, `clan_lib/vars/secret_modules/age.py` (_IDENTITY_SEARCH_PATHS), the same on every system. */
function ageFiles(home: string): readonly string[] {
  return [".config/age/identities", ".config/sops/age/keys.txt", ".age/key.txt"].map((path) => join(home, path));
}

function identityLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function counted(lines: readonly string[]): string {
  const damaged = lines.filter((line) => line.startsWith("AGE-SECRET-KEY-") && !isNative(line)).length;
  const keys = lines.length - damaged;
  return `${keys === 1 ? "1 key" : `${keys} keys`}${damaged === 0 ? "" : `, ${damaged} damaged`}`;
}

/** Whoever only looks whether there is a key must not fail on one that is somebody else's. */
async function textAt(path: string): Promise<string | { readonly absent: string }> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { absent: "not there" };
    if (code === "EACCES" || code === "EPERM" || code === "EISDIR") return { absent: "cannot be read" };
    throw error;
  }
}

function ofThisProcess(): KeyPlaces {
  return { env: process.env, home: homedir(), platform: process.platform };
}
