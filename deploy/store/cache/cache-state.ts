import type { StorePath } from "../../../local-nix/store-path.ts";
import { PushError } from "../../errors.ts";
import { composeScript } from "../../host-script.ts";
import type { HostSession } from "../../host-session.ts";
import { renderAddress } from "../../ssh/connection-spec.ts";
import type { RemoteScript } from "../../ssh/remote-command.ts";
import type { PathInfo } from "../path-info.ts";
import { parsePublicKeys } from "../signature.ts";
import { type SignaturePolicy, unacceptable } from "../trust.ts";
import { type CacheSettings, hostUrl } from "./cache-settings.ts";

/** What a host says before it is sent to a cache. */
export interface CacheState {
  /** The toplevel is there, and so its closure is. */
  readonly valid: boolean;
  /** As they are configured, `<name>:<base64>`. */
  readonly trustedKeys: readonly string[];
  readonly requiresSignatures: boolean;
}

export function stateScript(toplevel: StorePath): RemoteScript {
  return composeScript("cache-state", [new URL("./cache-state.sh", import.meta.url)], [toplevel]);
}

export function parseCacheState(text: string): CacheState {
  const facts = new Map(text.split("\n").map((line) => [line.split("\t", 1)[0] ?? "", line.replace(/^[^\t]*\t?/, "")]));
  return {
    valid: facts.get("valid") === "yes",
    trustedKeys: (facts.get("trusted-public-keys") ?? "").split(/\s+/).filter((key) => key !== ""),
    requiresSignatures: facts.get("require-sigs") !== "false",
  };
}

const later =
  "or leave the cache out for this one deployment (policy.cache: null): the system that trusts it arrives so";

/** @throws {PushError} for a host that would refuse what the cache has, before anything is sent anywhere */
export function requireTrust(session: HostSession, state: CacheState, cache: CacheSettings): void {
  const { trustedKeys, requiresSignatures } = state;
  if (!requiresSignatures || trustedKeys.includes(cache.publicKey)) return;
  const names = trustedKeys.map((key) => key.split(":")[0]);
  throw new PushError({
    summary: `${session.spec.machine}: the host does not trust the cache that its system shall come from`,
    expected: `${cache.publicKey} among its trusted-public-keys`,
    found: names.length === 0 ? "none" : names.join(", "),
    at: `${renderAddress(session.spec)}, ${hostUrl(cache)}`,
    fix: `nix.settings.trusted-public-keys = [ "${cache.publicKey}" ] in its configuration; ${later}`,
  });
}

/**
 * For a cache that signs nothing on the way: each path needs a signature already, or a name that vouches for its content.
 * @throws {PushError} before anything is sent anywhere
 */
export function requireSignatures(
  session: HostSession,
  { trustedKeys, requiresSignatures }: CacheState,
  cache: CacheSettings,
  closure: readonly PathInfo[],
): void {
  const policy: SignaturePolicy = { required: requiresSignatures, keys: parsePublicKeys(trustedKeys.join(" ")) };
  const refused = unacceptable(closure, "untrusted", policy);
  const [first] = refused;
  if (first === undefined) return;
  throw new PushError({
    summary: `${session.spec.machine}: ${refused.length} paths for the cache have no signature that the host accepts`,
    expected: `a signature of ${cache.publicKey.split(":")[0]}`,
    found: `${first.path}: ${first.signatures.map((text) => text.split(":")[0]).join(", ") || "unsigned"}`,
    at: cache.to,
    fix: "let it sign (policy.cache.to with ?secret-key=/absolute/path of the key), or nix store sign --recursive --key-file KEY PATH",
  });
}
