/** The ports that the stand-in prints. */
export interface StandInPorts {
  /** Of the provider, gRPC. */
  readonly port: number;
  /** Of the API, HTTP. */
  readonly restPort: number;
}

/** What leads Pulumi's engine, and whoever asks Google's API, to the stand-in. All of it exists for real clouds, too. */
export function standInEnvironment(
  { port, restPort }: StandInPorts,
  env: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  return {
    PULUMI_DEBUG_PROVIDERS: [env["PULUMI_DEBUG_PROVIDERS"], `gcp:${port}`].filter(Boolean).join(","),
    GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `http://127.0.0.1:${restPort}/compute/v1/`,
    GOOGLE_STORAGE_CUSTOM_ENDPOINT: `http://127.0.0.1:${restPort}/storage/v1/`,
    GOOGLE_OAUTH_ACCESS_TOKEN: "simulated",
  };
}
