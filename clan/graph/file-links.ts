import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { readTokens } from "../../composition/source/tokens.ts";
import { pathInFleet } from "../../composition/source-location.ts";
import { type GraphEdge, nodeId } from "./fleet-graph.ts";

/**
 * Which files name which others: relative imports of TypeScript, relative paths of Nix; what these name in turn as well.
 * A path that is named and not read counts, too.
 * @param files - relative to `root`; those that are not there, and folders, name nothing.
 */
export function fileLinks(root: string, files: Iterable<string>): GraphEdge[] {
  const links: GraphEdge[] = [];
  const waiting = [...files];
  const seen = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const named of namedIn(root, file)) {
      links.push({ from: nodeId("file", file), to: nodeId("file", named), kind: "imports" });
      if (seen.has(named)) continue;
      seen.add(named);
      waiting.push(named);
    }
  }
  return links;
}

/** The path as the graph names files: relative to the root, a folder with `/` at its end; undefined outside of the root. */
export function graphFile(root: string, path: string): string | undefined {
  const inside = pathInFleet(root, path);
  if (inside === path || !existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? `${inside}/` : inside;
}

function namedIn(root: string, file: string): readonly string[] {
  const read = file.endsWith(".ts") ? relativeImports : file.endsWith(".nix") ? relativePaths : undefined;
  if (read === undefined || !existsSync(join(root, file))) return [];
  const paths = read(readFileSync(join(root, file), "utf8"));
  return paths.flatMap((path) => {
    const target = join(root, dirname(file), path);
    const found = graphFile(root, target);
    if (found === undefined) return [];
    // Nix imports a folder's default.nix.
    return found.endsWith("/") && existsSync(join(target, "default.nix"))
      ? [posix.join(found, "default.nix")]
      : [found];
  });
}

/** `import … from "./a.ts"`, `export … from "./a.ts"`, `import "./a.ts"`, `import("./a.ts")`. */
function relativeImports(text: string): readonly string[] {
  const tokens = readTokens(text);
  return tokens.flatMap(({ kind, text: path }, index) => {
    if (kind !== "string" || !/^\.{1,2}\//.test(path)) return [];
    const [before, further] = [tokens[index - 1], tokens[index - 2]];
    const named = before?.text === "from" || before?.text === "import";
    return named || (before?.text === "(" && further?.text === "import") ? [path] : [];
  });
}

/** Path literals `./a.nix`, `../b`; comments are looked at, too. Source: Nix manual 2.26, path literals. */
function relativePaths(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w./~+-])\.{1,2}(?:\/[\w.+-]+)+/g)].map(([path]) => path);
}
