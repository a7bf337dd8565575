import { z } from "zod";
import { parsePublicKeys } from "../signature.ts";

/** In Nix' own words: `s3://…`, `https://…`, `file:///…`. No blanks: a host's Nix reads a list of them. */
const storeUrl = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/, "expected the URL of a Nix store")
  .refine((url) => !/^[^/]*\/\/[^/?]*@/.test(url), "expected no password in a URL: Nix reads a netrc-file");

/** A binary cache between the operator and the hosts. */
export const cacheSettingsSchema = z.strictObject({
  /** Where the operator puts systems, whatever `nix copy --to` takes; `?secret-key=FILE` signs them on the way. */
  to: storeUrl,
  /** Where the hosts get them. Absent: `to`, without what is only for writing. */
  from: storeUrl.exactOptional(),
  /** `<name>:<base64>`: what the cache's paths are signed with, and the hosts trust. */
  publicKey: z.string().refine((text) => parsePublicKeys(text).size === 1, "expected <name>:<base64 of 32 bytes>"),
});
export type CacheSettings = z.output<typeof cacheSettingsSchema>;

// Source: Nix manual 2.34, "S3 Binary Cache Store" and "HTTP Binary Cache Store": the settings that only a writer has.
const onlyForWriting =
  /^(secret-keys?|compression(-level)?|parallel-compression|(write-nar|index-debug)-.*|(ls|log|narinfo)-compression|multipart-upload|buffer-size)=/;

/** The URL that a host's Nix gets: no path of the operator's machine, no setting for writing. */
export function hostUrl({ to, from }: CacheSettings): string {
  if (from !== undefined) return from;
  const [base = to, query = ""] = to.split(/\?(.*)/s, 2);
  const kept = query.split("&").filter((setting) => setting !== "" && !onlyForWriting.test(setting));
  return kept.length === 0 ? base : `${base}?${kept.join("&")}`;
}

/** File of the key that signs what is written; undefined: what is written keeps the signatures that it has. */
export function secretKeyFile({ to }: CacheSettings): string | undefined {
  const value = /[?&]secret-key=([^&]*)/.exec(to)?.[1];
  return value === undefined ? undefined : decodeURIComponent(value);
}
