import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
} from "../errors.ts";
import type { Authentication } from "./authentication.ts";
import { type Endpoint, renderAddress, titleOf } from "./connection-spec.ts";
import { fingerprint, type HostKey } from "./host-key.ts";

/**
 * @param found - the key that answered; absent: the host has none of a pinned type.
 * @param because - why a certificate or a key was refused, when it is not for being another.
 */
export function hostKeyMismatch(spec: Endpoint, found: HostKey | undefined, because?: string): HostKeyMismatchError {
  const from = renderAddress(spec);
  const shown = found === undefined ? `no key of a pinned type from ${from}` : `${fingerprint(found)} from ${from}`;
  const expected = [
    ...spec.hostKeys.map(({ key, source }) => `${fingerprint(key)} (${source})`),
    ...spec.certAuthorities.map(({ key, source }) => `a certificate of ${fingerprint(key)} (${source})`),
  ];
  return new HostKeyMismatchError({
    summary: `${titleOf(spec)}: the host key is not the pinned one`,
    expected: expected.length === 0 ? "a key that was not revoked" : expected.join("\n"),
    found: because === undefined ? shown : `${shown}: ${because}`,
    at: spec.definedAt ?? from,
    fix: `reinstalled? pin the new key where the old one stands. Otherwise stop: another host answers at this address`,
  });
}

/** @param found - the key that answered, which nobody vouches for. */
export function hostKeyUnknown(spec: Endpoint, found: HostKey | undefined): HostKeyUnknownError {
  const from = renderAddress(spec);
  return new HostKeyUnknownError({
    summary: `${titleOf(spec)}: no host key is known, and none is trusted on first use`,
    expected: "a key from the clan's vars, the stack's configuration or known_hosts",
    found: found === undefined ? `none; ${from} showed no key` : `none; ${from} shows ${fingerprint(found)}`,
    at: spec.definedAt ?? from,
    fix:
      found === undefined ? "pin the host's key" : `compare the fingerprint at the host's console, then pin: ${found}`,
  });
}

export function authenticationFailed(spec: Endpoint, tried: Authentication): AuthenticationError {
  const found = [
    tried.described.length === 0 ? "no key to try" : `refused: ${tried.described.join(", ")}`,
    ...tried.unusable.map((line) => `not tried: ${line}`),
  ];
  return new AuthenticationError({
    summary: `${titleOf(spec)}: the host accepts none of your keys for user ${spec.user}`,
    expected: `a key in ${spec.user}'s authorized_keys`,
    found: found.join("\n"),
    at: renderAddress(spec),
    fix: "name the key file that the host knows (pulumi-clan:identityFile), or add it to your ssh-agent",
  });
}

export function hostUnreachable(spec: Endpoint, reason: string, cause?: unknown): HostUnreachableError {
  const facts = {
    summary: `${titleOf(spec)}: the host does not answer`,
    expected: `an SSH server at ${renderAddress(spec)}`,
    found: reason,
    at: spec.definedAt ?? renderAddress(spec),
    fix: "start the machine, or check its address and your way to it",
  };
  const whole = spec.hop === undefined ? reason : `jump host ${spec.hop}: ${reason}`;
  return new HostUnreachableError(facts, whole, cause === undefined ? {} : { cause });
}

export function connectionLost(spec: Endpoint, reason: string): ConnectionLostError {
  return new ConnectionLostError({
    summary: `${titleOf(spec)}: the connection was lost`,
    expected: "an answer",
    found: reason,
    at: renderAddress(spec),
    fix: "run it again: what was under way on the host is taken up where it stands",
  });
}
