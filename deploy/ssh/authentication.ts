import { readFile } from "node:fs/promises";
import ssh2, { type AgentAuthMethod, type PublicKeyAuthMethod } from "ssh2";
import type { Endpoint } from "./connection-spec.ts";

export type AuthenticationMethod = PublicKeyAuthMethod | AgentAuthMethod;

/** What the operator can prove, and what stands in the way of the rest. */
export interface Authentication {
  readonly methods: readonly AuthenticationMethod[];
  /** One line per identity that cannot be used: `~/.ssh/id_rsa: encrypted, add it to the agent`. */
  readonly unusable: readonly string[];
  /** What is tried, for errors. */
  readonly described: readonly string[];
}

/**
 * Keys that were named first, then the agent's; never a password.
 * An agent with many keys would use up the server's MaxAuthTries (6) before the named key came to its turn.
 */
export async function readAuthentication(spec: Endpoint): Promise<Authentication> {
  const methods: AuthenticationMethod[] = [];
  const unusable: string[] = [];
  const described: string[] = [];
  for (const file of spec.identityFiles) {
    const key = await readIdentity(file);
    if (typeof key === "string") {
      unusable.push(`${file}: ${key}`);
      continue;
    }
    methods.push({ type: "publickey", username: spec.user, key });
    described.push(file);
  }
  if (spec.agent !== undefined) {
    methods.push({ type: "agent", username: spec.user, agent: spec.agent });
    described.push(`agent ${spec.agent}`);
  }
  return { methods, unusable, described };
}

/** The key, or why it cannot be used. */
async function readIdentity(file: string): Promise<ssh2.ParsedKey | string> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    return error instanceof Error && "code" in error ? `cannot be read (${String(error.code)})` : String(error);
  }
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) {
    return /passphrase|encrypted/i.test(key.message) ? "encrypted, add it to the agent (ssh-add)" : "not a private key";
  }
  if (Array.isArray(key)) return "holds several keys";
  return key.isPrivateKey() ? key : "a public key";
}
