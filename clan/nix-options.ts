import { z } from "zod";

/** Whether a setting of Nix holds a secret. Source: Nix 2.26 manual, nix.conf, `access-tokens`. */
export function isSecretOption(name: string): boolean {
  return /^(?:extra-)?access-tokens$/.test(name);
}

/** Why such a setting is refused: options stand in the argument list. */
export const noSecretOption =
  "expected no secret, which everybody on this machine could read: Nix has it from nix.conf";

/** Name → value, as `nix --option` takes them. */
export const nixOptionsSchema = z.record(
  z.string().refine((name) => !isSecretOption(name), { error: noSecretOption }),
  z.string(),
);
