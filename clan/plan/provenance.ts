import { createHash } from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { z } from "zod";
import { compareText } from "../../composition/nearest.ts";

/**
 * Four characters that stand for a text: 24 bits of its SHA-256. They tell whether something changed between two
 * deployments and nothing else; one change in 16 million goes unseen.
 */
export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url").slice(0, 4);
}

const digests = z.record(z.string(), z.string());

/** What a machine's system is made of, by imports: enough to say later why it changed. */
export const provenanceSchema = z.strictObject({
  /** File, relative to the fleet's root → digest of its text. Folders end in `/`. */
  files: digests,
  /** `<class>/<entry>`, through any chain of imports, sorted. */
  entries: z.array(z.string()),
  /** Sorted; computed tags included. */
  tags: z.array(z.string()),
  /** `<instance>/<role>`, sorted. */
  roles: z.array(z.string()),
  /** Instance in which the machine has a role → digest of its settings, then that of its members. */
  instances: digests,
  /** Input of the flake → first seven digits of its revision, or a digest of what it is locked to. */
  inputs: digests,
});
export type Provenance = z.output<typeof provenanceSchema>;

const storedSchema = z.strictObject({
  schema: z.literal(1),
  /** First 32 characters of the toplevel's name in the store: whose provenance it is. */
  of: z.string(),
  /** Files are put together by folders of this depth; null: each stands for itself. */
  depth: z.int().positive().nullable(),
  made: provenanceSchema,
});
export type StoredProvenance = Omit<z.output<typeof storedSchema>, "schema">;

/** Every machine has it twice in the state of its stack: among what was declared and among what is known. */
const mostCharacters = 1_600;
/** What remains where a machine has very many entries and roles, whose names must be kept; beyond it nothing is. */
export const mostCharactersAtAll = 8_000;
const mostBytesDecoded = 4 * 2 ** 20;

/**
 * A provenance as text for the state. Of a machine that is made of very many files, those below one folder are put together
 * until it is short enough; then its folders are named as what changed.
 * @param of - the toplevel that is made of it.
 * @returns undefined: too long all the same.
 */
export function encodeProvenance(of: string, made: Provenance): string | undefined {
  let text = encode({ of: hashOf(of), depth: null, made });
  const deepest = Math.max(0, ...Object.keys(made.files).map((file) => segmentsOf(file).length - 1));
  for (let depth = deepest; text.length > mostCharacters && depth > 0; depth--)
    text = encode({ of: hashOf(of), depth, made: atDepth(made, depth) });
  return text.length > mostCharactersAtAll ? undefined : text;
}

/** @returns undefined for what another version, or nobody, has written. */
export function decodeProvenance(text: string): StoredProvenance | undefined {
  try {
    const json = brotliDecompressSync(Buffer.from(text, "base64url"), { maxOutputLength: mostBytesDecoded });
    const parsed = storedSchema.safeParse(JSON.parse(json.toString("utf8")));
    if (!parsed.success) return undefined;
    const { of, depth, made } = parsed.data;
    return { of, depth, made };
  } catch (error) {
    // zlib's own errors are plain ones with a code.
    if (error instanceof SyntaxError || (error instanceof Error && "code" in error)) return undefined;
    throw error;
  }
}

/** Whether the provenance is that of this system. */
export function isProvenanceOf({ of }: StoredProvenance, toplevel: string): boolean {
  return of === hashOf(toplevel);
}

/** Files put together by folders of a depth; null: as they are. */
export function atDepth(made: Provenance, depth: number | null): Provenance {
  if (depth === null) return made;
  const folders = new Map<string, string[]>();
  for (const [file, digest] of Object.entries(made.files).sort(([a], [b]) => compareText(a, b))) {
    const segments = segmentsOf(file);
    const folder = segments.length > depth ? `${segments.slice(0, depth).join("/")}/` : file;
    folders.set(folder, [...(folders.get(folder) ?? []), ...(folder === file ? [digest] : [file, digest])]);
  }
  const files = [...folders].map(([folder, parts]) => {
    const [only] = parts;
    return [folder, parts.length === 1 && only !== undefined ? only : digestOf(...parts)] as const;
  });
  return { ...made, files: Object.fromEntries(files) };
}

function segmentsOf(file: string): readonly string[] {
  return file.replace(/\/$/, "").split("/");
}

function hashOf(toplevel: string): string {
  return toplevel.replace(/^\/nix\/store\//, "").slice(0, 32);
}

function encode(stored: StoredProvenance): string {
  const json = JSON.stringify({ schema: 1, ...stored } satisfies z.input<typeof storedSchema>);
  // A small window: the default one is cleared for every text, which takes 2.5 ms instead of 0.1.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_LGWIN]: 16 };
  return brotliCompressSync(json, { params }).toString("base64url");
}
