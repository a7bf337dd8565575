import { existsSync } from "node:fs";
import { GoogleAuth } from "google-auth-library";
import { z } from "zod";
import { untilAborted } from "../../until-aborted.ts";
import type { ComputeAccess } from "./compute-api.ts";
import { GoogleCredentialsError } from "./errors.ts";
import type { StorageAccess } from "./storage-api.ts";

/** What a stack or an environment says about Google's API, by the names that Google's own provider takes. */
export interface AccessSettings {
  /** A key of the stack's configuration, such as `gcp:accessToken`. */
  readonly config: (key: string) => unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const credentialsSchema = z.looseObject({ type: z.string() });

/**
 * Endpoint and credentials, in the order of Google's provider: the stack, the environment, application default credentials.
 * Source: @pulumi/gcp 9.37, config/vars.d.ts; terraform-provider-google, "Provider Configuration Reference".
 */
export function computeAccess(settings: AccessSettings): ComputeAccess {
  const endpoint = statedIn(settings)("gcp:computeCustomEndpoint", "GOOGLE_COMPUTE_CUSTOM_ENDPOINT");
  return { endpoint: withSlash(endpoint ?? "https://compute.googleapis.com/compute/v1/"), token: tokenOf(settings) };
}

/** As `computeAccess`, for Cloud Storage. */
export function storageAccess(settings: AccessSettings): StorageAccess {
  const endpoint = statedIn(settings)("gcp:storageCustomEndpoint", "GOOGLE_STORAGE_CUSTOM_ENDPOINT");
  return { endpoint: withSlash(endpoint ?? "https://storage.googleapis.com/storage/v1/"), token: tokenOf(settings) };
}

function withSlash(endpoint: string): string {
  return endpoint.replace(/\/?$/, "/");
}

/** The stack's word, else the environment's. */
function statedIn({ config, env }: AccessSettings) {
  return (key: string, ...names: readonly string[]): string | undefined => {
    const stated = [config(key), ...names.map((name) => env[name])];
    return stated.find((value): value is string => typeof value === "string" && value !== "");
  };
}

/** Google's library has neither deadline nor signal: in a network that swallows everything it would wait for ever. */
const tokenMs = 60_000;

function tokenOf(settings: AccessSettings): (signal: AbortSignal) => Promise<string> {
  const of = statedIn(settings);
  const given = of("gcp:accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN");
  const credentials = of("gcp:credentials", "GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON");
  return async (signal) => {
    if (given !== undefined) return given;
    const token = await tokenFor(authOf(credentials), signal);
    if (typeof token === "string" && token !== "") return token;
    throw notUsable("no access token for these credentials");
  };
}

/** @throws {GoogleCredentialsError} with the library's own word, but for what it quotes of a file: that may be a token */
async function tokenFor(auth: Pick<GoogleAuth, "getAccessToken">, signal: AbortSignal): Promise<unknown> {
  const deadline = AbortSignal.timeout(tokenMs);
  try {
    return await untilAborted(auth.getAccessToken(), AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw notUsable(`no answer in ${tokenMs / 1000} s`);
    const said = error instanceof Error ? error.message : String(error);
    const plain = said.replace(/Unexpected token .*/s, "it is not JSON");
    const [found = ""] = plain.split("\n", 1);
    throw plain === said ? notUsable(found, error) : notUsable(found);
  }
}

function notUsable(found: string, cause?: unknown): GoogleCredentialsError {
  return new GoogleCredentialsError(
    {
      summary: "Google's cloud cannot be asked: there is no access token for it",
      expected: "gcp:credentials or gcp:accessToken in the stack, GOOGLE_CREDENTIALS, or a login of gcloud",
      found,
      at: "Google's credentials",
      fix: "gcloud auth application-default login, or state the credentials of a service account (docs/gcp.md); if Google was not reached, run it again",
    },
    { cause },
  );
}

function authOf(credentials: string | undefined): GoogleAuth {
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
  if (credentials === undefined) return new GoogleAuth({ scopes });
  if (existsSync(credentials)) return new GoogleAuth({ scopes, keyFilename: credentials });
  return new GoogleAuth({ scopes, credentials: parseCredentials(credentials) });
}

/** No word of what was wrong with the text: the parser would quote it, and it holds a private key. */
function parseCredentials(text: string): z.output<typeof credentialsSchema> {
  try {
    return credentialsSchema.parse(JSON.parse(text));
  } catch {
    throw notUsable("neither a file that is there nor the JSON of a key");
  }
}
