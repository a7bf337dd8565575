import { createHash } from "node:crypto";
import type { SecretFile, StagedSecrets } from "../../../deploy/secrets/secret-source.ts";

export interface TestSecrets {
  readonly identities?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly userIdentities?: Readonly<Record<string, string>>;
  /** Mode, owner and group by path. */
  readonly targets?: Readonly<Record<string, Partial<Pick<SecretFile, "mode" | "owner" | "group">>>>;
  readonly prove?: StagedSecrets["proveOpenable"];
}

/** Secrets of a test, and how often their content was asked for. */
export function testSecrets(secrets: TestSecrets): StagedSecrets & { readonly reads: () => number } {
  const { identities = {}, files = {}, userIdentities = {}, targets = {} } = secrets;
  let reads = 0;
  const listed = (contents: Readonly<Record<string, string | Uint8Array>>): SecretFile[] =>
    Object.entries(contents).map(([path, content]) => ({
      path,
      ...targets[path],
      read: () => {
        reads++;
        return Promise.resolve(typeof content === "string" ? new TextEncoder().encode(content) : content);
      },
    }));
  return {
    digest: createHash("sha256")
      .update(JSON.stringify([identities, files, userIdentities, targets]))
      .digest("hex"),
    identities: listed(identities),
    files: listed(files),
    userIdentities: listed(userIdentities),
    ...(secrets.prove === undefined ? {} : { proveOpenable: secrets.prove }),
    reads: () => reads,
  };
}
