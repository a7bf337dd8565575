import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pageStyle } from "../../html/page-style.ts";
import { type FleetGraph, nodeKinds } from "../fleet-graph.ts";
import { layoutGraph } from "./layout.ts";

/**
 * The graph as one HTML file that needs nothing else: it is laid out here, script and style are inside, and its policy lets
 * the browser run and fetch nothing more. Names are data for the script, which makes text of them, never markup.
 * @throws {GraphSizeError} too many things to draw.
 */
export function renderHtml(graph: FleetGraph): string {
  const placed = layoutGraph(graph);
  const style = pageStyle(import.meta.dirname);
  const script = read("page.js");
  const policy = `default-src 'none'; script-src '${hash(script)}'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`;
  const kinds = nodeKinds.filter((kind) => placed.nodes.some((node) => node.kind === kind));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(graph.fleet)}: wiring</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(graph.fleet)}</h1>
<label for="search">Search</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" aria-controls="panel" placeholder="machine, entry, tag, file …  ( / )">
<div role="group" aria-label="View">
<button id="out" type="button" aria-label="Zoom out">−</button>
<button id="in" type="button" aria-label="Zoom in">+</button>
<button id="fit" type="button">Fit</button>
<button id="theme" type="button">Dark</button>
</div>
<ul id="legend" aria-label="Kinds">${kinds.map((kind) => `<li class="${kind}">${kind}</li>`).join("")}</ul>
</header>
<main>
<svg id="drawing" tabindex="0" role="application" aria-label="Wiring. Arrow keys go from thing to thing, plus and minus zoom, Escape clears." aria-describedby="status"></svg>
<section id="panel" aria-label="Details"></section>
</main>
<p id="status" role="status"></p>
<noscript><p>This page draws its graph by script, which is switched off.</p></noscript>
<script id="graph" type="application/json">${embedJson(placed)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON in which nothing ends a script element or begins a comment. Source: WHATWG HTML, "Restrictions for contents of script elements". */
export function embedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

/** Text between tags. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, file), "utf8");
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
