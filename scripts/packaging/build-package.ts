import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import { z } from "zod";
import { filesBelow } from "./files-below.ts";
import { type CheckoutManifest, type Manifest, manifestSchema, publishedManifest } from "./published-manifest.ts";

/** Rooms of the checkout that are the product. What an entry reaches outside of them is not published, and an error. */
const rooms = [
  "clan",
  "cli",
  "cloud",
  "components",
  "composition",
  "deploy",
  "local-nix",
  "program",
  "providers",
  "stack",
];

/** What the product reads at run time beside its code, found next to it by `import.meta`. */
const assets = new Set([".sh", ".nix", ".css", ".js"]);

const documents = ["LICENSE", "README.md", "CHANGELOG.md", "docs"];

/**
 * Writes the package as it is published into `folder`: JavaScript and declarations in the checkout's own layout, since Node
 * strips no types below `node_modules`, with the files that the code reads, the documents, and a manifest of its own.
 * Source: Node 24, "Modules: TypeScript", "Type stripping in dependencies".
 * @throws {Error} where the compiler finds an error, or an entry reaches outside of the product
 */
export async function buildPackage(checkout: string, folder: string): Promise<Manifest> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const text: unknown = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
  const stated = manifestSchema.parse(text);
  await compile(checkout, folder, stated);
  await requireProduct(folder);
  for (const room of rooms)
    for (const file of await filesBelow(join(checkout, room)))
      if (assets.has(extname(file))) await copy(checkout, folder, relative(checkout, file));
  for (const document of documents) await copy(checkout, folder, document);
  const manifest = publishedManifest(stated);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** From what the manifest exports, and everything that it reaches. */
async function compile(checkout: string, folder: string, manifest: CheckoutManifest): Promise<void> {
  const entries = [...Object.values(manifest.exports), ...Object.values(manifest.bin)];
  const files = entries.filter((file) => file.endsWith(".ts")).map((file) => join(checkout, file));
  const project = join(folder, "tsconfig.json");
  const settings = { extends: join(checkout, "scripts", "packaging", "tsconfig.json"), files, include: [] };
  await writeFile(project, JSON.stringify({ ...settings, compilerOptions: { outDir: folder } }));
  const compiler = join(checkout, "node_modules", "typescript", "bin", "tsc");
  const child = spawn(process.execPath, [compiler, "-p", project], {
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const [code]: unknown[] = await once(child, "exit");
  if (z.number().nullable().parse(code) !== 0) throw new Error("the package does not compile: see above");
  await rm(project);
}

async function requireProduct(folder: string): Promise<void> {
  const outside = (await filesBelow(folder))
    .map((file) => relative(folder, file))
    .filter((file) => file.includes(sep) && !rooms.includes(file.slice(0, file.indexOf(sep))));
  if (outside.length > 0) throw new Error(`the package would reach outside of the product: ${outside.join(", ")}`);
}

async function copy(checkout: string, folder: string, file: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await cp(join(checkout, file), join(folder, file), { recursive: true });
}
