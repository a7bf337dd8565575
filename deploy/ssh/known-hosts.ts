import { createHmac, timingSafeEqual } from "node:crypto";
import { type HostKey, type PinnedHostKey, parseHostKey } from "./host-key.ts";

/** A known_hosts file as it was read. */
export interface KnownHostsFile {
  readonly file: string;
  readonly text: string;
}

/** What known_hosts files say about one host. */
export interface KnownHost {
  readonly hostKeys: readonly PinnedHostKey[];
  readonly certAuthorities: readonly PinnedHostKey[];
  readonly revokedHostKeys: readonly PinnedHostKey[];
}

const listOf = { "": "hostKeys", "@cert-authority": "certAuthorities", "@revoked": "revokedHostKeys" } as const;

/**
 * Looks a host up by one of its names (`host`, `[host]:2222`). Lines that OpenSSH would skip are skipped; key types that
 * cannot be pinned (security keys) are left out.
 * Source: sshd(8) of OpenSSH 9.2, "SSH_KNOWN_HOSTS FILE FORMAT"; hostfile.c for hashed names.
 */
export function lookUpHost(files: readonly KnownHostsFile[], name: string): KnownHost {
  const found = {
    hostKeys: [] as PinnedHostKey[],
    certAuthorities: [] as PinnedHostKey[],
    revokedHostKeys: [] as PinnedHostKey[],
  };
  for (const { file, text } of files) {
    text.split(/\r?\n/).forEach((line, index) => {
      const entry = parseLine(line);
      if (entry === undefined || !matches(entry.names, name)) return;
      found[listOf[entry.marker]].push({ key: entry.key, source: `${file}:${index + 1}` });
    });
  }
  return found;
}

interface Entry {
  readonly marker: keyof typeof listOf;
  readonly names: string;
  readonly key: HostKey;
}

function parseLine(line: string): Entry | undefined {
  const words = line.trim().split(/[ \t]+/);
  if (words[0] === "" || words[0]?.startsWith("#")) return undefined;
  const marker = words[0]?.startsWith("@") ? words.shift() : "";
  if (marker !== "" && marker !== "@cert-authority" && marker !== "@revoked") return undefined;
  const [names, type, base64] = words;
  if (names === undefined || type === undefined || base64 === undefined) return undefined;
  try {
    return { marker, names, key: parseHostKey(`${type} ${base64}`) };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function matches(names: string, name: string): boolean {
  if (names.startsWith("|")) return matchesHash(names, name);
  const patterns = names.split(",");
  // A name that is excluded by one pattern is excluded, whatever the others say.
  if (patterns.some((pattern) => pattern.startsWith("!") && matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}

/** `|1|<salt>|<HMAC-SHA1 of the name>`, both base64. */
function matchesHash(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const wanted = createHmac("sha1", Buffer.from(salt, "base64")).update(name.toLowerCase()).digest();
  const stated = Buffer.from(hash, "base64");
  return stated.length === wanted.length && timingSafeEqual(stated, wanted);
}

/** `*` and `?`, case folded. Without regular expressions: patterns are foreign input, and backtracking takes its time. */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const text = name.toLowerCase();
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    if (wanted[at] === "*") {
      star = at++;
      resume = position;
    } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}
