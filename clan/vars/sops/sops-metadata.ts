import { parse, YAMLParseError } from "yaml";
import { z } from "zod";

const ageKeySchema = z.object({ recipient: z.string(), enc: z.string() });
const listSchema = z.array(z.unknown()).nullish();

/**
 * The part of a sops file that stands in clear.
 * Source: sops 3.11, `stores/stores.go` (Metadata); older releases write `null` for kinds of keys that are not used.
 */
const metadataSchema = z.object({
  age: z.array(ageKeySchema).nullish(),
  pgp: listSchema,
  kms: listSchema,
  gcp_kms: listSchema,
  azure_kv: listSchema,
  hc_vault: listSchema,
  key_groups: listSchema,
  shamir_threshold: z.number().optional(),
  lastmodified: z.string().optional(),
  mac: z.string().optional(),
});

export interface SopsMetadata {
  /** Who can open it with age, and the data key encrypted to each. */
  readonly age: readonly { readonly recipient: string; readonly enc: string }[];
  /** Keys of other kinds (PGP, cloud, Shamir groups) open it as well. */
  readonly otherKeys: boolean;
  /** RFC 3339; binds the MAC. */
  readonly lastModified: string;
  readonly mac: string;
}

/** 8 MiB: larger than any secret, smaller than what would hurt. */
export const maxSopsBytes = 8 * 1024 * 1024;

/** @returns undefined for what is no sops file: neither JSON nor YAML with a `sops` part. */
export function readSopsMetadata(text: string): SopsMetadata | undefined {
  if (text.length > maxSopsBytes) return undefined;
  const { data } = z.object({ sops: metadataSchema }).safeParse(parseEither(text));
  if (data === undefined) return undefined;
  const { age, pgp, kms, gcp_kms, azure_kv, hc_vault, key_groups, lastmodified, mac } = data.sops;
  const others = [pgp, kms, gcp_kms, azure_kv, hc_vault, key_groups];
  return {
    age: age ?? [],
    otherKeys: others.some((keys) => (keys ?? []).length > 0),
    lastModified: lastmodified ?? "",
    mac: mac ?? "",
  };
}

/** The whole file; undefined: neither JSON nor YAML. */
export function parseEither(text: string): unknown {
  try {
    // JSON first: the YAML reader is slow with large files.
    return text.trimStart().startsWith("{") ? JSON.parse(text) : parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof YAMLParseError) return undefined;
    throw error;
  }
}
