import { z } from "zod";

const textMap = z.record(z.string(), z.string());

/** The part of the checkout's `package.json` that is published. */
export const manifestSchema = z.object({
  name: z.string(),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
  description: z.string(),
  license: z.string(),
  type: z.literal("module"),
  engines: textMap,
  exports: textMap,
  bin: textMap,
  dependencies: textMap,
});

/** A checked manifest: the checkout's, whose entries are TypeScript. */
export type CheckoutManifest = z.infer<typeof manifestSchema>;

/** Where an entry of the published package leads: its types first, as TypeScript asks of conditions. */
type Entry = string | { readonly types: string; readonly default: string };

export interface Manifest extends Omit<CheckoutManifest, "exports"> {
  readonly exports: Readonly<Record<string, Entry>>;
}

/** The manifest of the compiled package: the same entries, as JavaScript with declarations. Nothing else is exported. */
export function publishedManifest(checkout: CheckoutManifest): Manifest {
  const exports = Object.entries(checkout.exports).map(([entry, file]) => [entry, compiled(file)] as const);
  const bin = Object.entries(checkout.bin).map(([command, file]) => [command, javaScript(file)] as const);
  return { ...checkout, exports: Object.fromEntries(exports), bin: Object.fromEntries(bin) };
}

function compiled(file: string): Entry {
  return file.endsWith(".ts") ? { types: file.replace(/\.ts$/, ".d.ts"), default: javaScript(file) } : file;
}

function javaScript(file: string): string {
  return file.replace(/\.ts$/, ".js");
}
