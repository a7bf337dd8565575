import { PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { PathInfo } from "./path-info.ts";
import { isSignedBy, type PublicKeys, type SigningKey, signPath } from "./signature.ts";
import type { Trust } from "./worker-messages.ts";

/** What the host demands of users whom it does not trust. */
export interface SignaturePolicy {
  readonly required: boolean;
  /** Keys whose signatures it accepts. */
  readonly keys: PublicKeys;
}

/**
 * Paths that a daemon would refuse. Signatures are verified, not only named: what it refuses late has been sent for nothing.
 * Source: nix 2.34, LocalStore::addToStore, ValidPathInfo::checkSignatures.
 */
export function unacceptable(
  paths: readonly PathInfo[],
  trust: Trust,
  { required, keys }: SignaturePolicy,
): readonly PathInfo[] {
  if (trust !== "untrusted" || !required) return [];
  return paths.filter((info) => info.contentAddress === undefined && !isSignedBy(info, keys));
}

/** The paths, those that would be refused with a signature more, where there is a key for it. */
export function signRefused(
  paths: readonly PathInfo[],
  trust: Trust,
  policy: SignaturePolicy,
  key: SigningKey | undefined,
): { readonly signed: readonly PathInfo[]; readonly count: number } {
  const refused = new Set(key === undefined ? [] : unacceptable(paths, trust, policy));
  const sign = (info: PathInfo): PathInfo =>
    key === undefined || !refused.has(info) ? info : { ...info, signatures: [...info.signatures, signPath(info, key)] };
  return { signed: paths.map(sign), count: refused.size };
}

/** @throws {PushError} before anything is sent */
export function requireAcceptance(session: HostSession, refused: readonly PathInfo[], policy: SignaturePolicy): void {
  const [first] = refused;
  if (first === undefined) return;
  const { machine, user } = session.spec;
  throw new PushError({
    summary: `${machine}: the host does not trust user ${user}, and ${refused.length} paths have no signature that it accepts`,
    expected: `signatures of ${[...policy.keys.keys()].join(", ") || "a trusted key, of which the host has none"}`,
    found: `${first.path}: ${first.signatures.map((signature) => signature.split(":")[0]).join(", ") || "unsigned"}`,
    at: renderAddress(session.spec),
    fix: [
      `one of: push as root, or allow ${user} sudo without a password;`,
      `trust the user on the host (nix.settings.trusted-users = [ "${user}" ]: as good as root);`,
      "or sign: `fleet push --sign-with KEY`, or nix store sign --recursive --key-file KEY PATH; the public half in the host's trusted-public-keys",
    ].join("\n"),
  });
}
