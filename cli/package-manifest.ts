import { readFileSync } from "node:fs";
import { z } from "zod";

const manifestSchema = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** What this package says of itself: the same file in the checkout and where it is installed. */
export function packageManifest(): z.output<typeof manifestSchema> {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifestSchema.parse(manifest);
}
