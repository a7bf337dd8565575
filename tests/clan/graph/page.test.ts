import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { GraphSizeError } from "../../../clan/graph/errors.ts";
import { type FleetGraph, nodeId } from "../../../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../../../clan/graph/follow.ts";
import { renderHtml } from "../../../clan/graph/html/render-html.ts";
import { readGraph } from "../../../clan/graph/read-graph.ts";
import { drawnGraph } from "../../../clan/graph/render-graph.ts";
import { readFleet } from "../../../clan/read-fleet.ts";
import { soon } from "../../local-nix/support/fixtures.ts";
import { TemporaryFolder } from "../../local-nix/support/temporary-folder.ts";
import { Browser, findChromium } from "./support/browser.ts";

const example = resolve(import.meta.dirname, "../../..");

/** A machine that imports an entry of this name. */
function oneEntry(name: string): FleetGraph {
  const entry = { id: nodeId("entry", name), kind: "entry", name } as const;
  return {
    schema: 1,
    fleet: name,
    nodes: [{ id: "machine:galena", kind: "machine", name: "galena" }, entry],
    edges: [{ from: "machine:galena", to: entry.id, kind: "home", user: name }],
    overlaysNotRead: [],
  };
}

describe("the page of the graph", () => {
  it("holds any name as data, and no name as markup", () => {
    const empty = renderHtml(oneEntry("a"));
    const tags = (html: string): readonly string[] => html.match(/<[!/a-z][^\s>]*/gi) ?? [];
    const parts = fc.oneof(
      fc.constantFrom(
        "</script>",
        "<!--",
        "<script>",
        "]]>",
        "&lt;",
        '"',
        "'",
        "\u2028",
        "<img src=x onerror=alert(1)>",
      ),
      fc.string({ unit: "binary" }),
    );
    const names = fc.array(parts, { minLength: 1, maxLength: 4 }).map((some) => `x${some.join("")}`);
    fc.assert(
      fc.property(names, (name) => {
        const html = renderHtml(oneEntry(name));
        assert.deepEqual(tags(html), tags(empty));
        const data = /<script id="graph" type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
        const schema = z.object({ nodes: z.array(z.object({ name: z.string() })) });
        assert.equal(schema.parse(JSON.parse(data)).nodes[1]?.name, name);
      }),
      { numRuns: 40 },
    );
  });

  it("names nothing outside of itself", () => {
    const html = renderHtml(oneEntry("base"));
    assert.doesNotMatch(html.replace("http://www.w3.org/2000/svg", ""), /https?:|src=|href=|@import|url\(/);
  });

  it("is refused where nobody could see anything in it, with what to do instead", () => {
    const nodes = Array.from({ length: 2000 }, (_, index) => {
      const name = `nixos/e${index}`;
      return { id: nodeId("entry", name), kind: "entry", name } as const;
    });
    assert.throws(() => renderHtml({ ...oneEntry("a"), nodes }), GraphSizeError);
  });
});

const chromium = findChromium();

/** Debian's chromium, which a run of all tests installs (scripts/setup/browser.sh); elsewhere there may be none. */
(chromium === undefined ? describe.skip : describe)("the page of the graph, in a browser", function () {
  this.timeout(120_000);
  let graph: FleetGraph;
  let browser: Browser;
  let folder: TemporaryFolder;
  const strings = z.array(z.string());
  const chosen = () => browser.value('document.querySelector("#panel h2")?.textContent ?? ""', z.string());

  before(async () => {
    graph = await readGraph(await readFleet(example), () => undefined, soon());
    folder = await TemporaryFolder.make();
    await folder.write({ "graph.html": renderHtml(graph), "hostile.html": renderHtml(oneEntry(hostile)) });
    browser = await Browser.open(chromium ?? "chromium");
    await browser.size(1400, 900);
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  const open = (file: string): Promise<void> => browser.load(join(folder.path, file));
  const hostile = `</script><img src=x onerror="document.title='caught'"><b>bold</b>`;

  it("draws every thing, and tells for each the machines that the graph tells", async () => {
    await open("graph.html");
    const asked = `[...document.querySelectorAll("#drawing .node")].map((node) => {
      node.dispatchEvent(new MouseEvent("click"));
      const list = [...document.querySelectorAll("#panel h3")].find((title) => title.textContent.startsWith("machines"));
      const names = [...(list?.nextElementSibling.querySelectorAll("button") ?? [])].map((button) => button.textContent);
      return [node.getAttribute("aria-label"), ...names];
    })`;
    const answers = await browser.value(asked, z.array(strings));
    const walk = new GraphWalk(graph);
    const expected = drawnGraph(graph).nodes.map(({ id, kind, name }) => [
      `${kind} ${name}`,
      ...(kind === "machine" ? [] : walk.impact(id).keys()),
    ]);
    assert.deepEqual(answers, expected);
    assert.deepEqual(browser.complaints, [], "no error, nothing refused, nothing fetched");
  });

  it("can be used by keyboard alone", async () => {
    await open("graph.html");
    await browser.press("/", ..."docker", "Enter");
    assert.equal(await chosen(), "entry nixos/docker");
    assert.match(await browser.value("location.hash", z.string()), /nixos%2Fdocker$/);
    assert.equal(
      await browser.value('document.querySelector("#status").textContent', z.string()),
      "entry nixos/docker: machines that get it: 1 of 10",
    );
    await browser.value('document.querySelector("#drawing").focus()', z.undefined());
    await browser.press("ArrowLeft");
    assert.equal(await chosen(), "entry nixos/machines/nixos/magnetite");
    await browser.press("ArrowLeft");
    assert.equal(await chosen(), "machine magnetite");
    const width = () => browser.value('document.querySelector("#drawing").viewBox.baseVal.width', z.number());
    const before = await width();
    await browser.press("+");
    assert.ok((await width()) < before);
    await browser.press("Escape");
    assert.equal(await chosen(), "");
    const shown = await browser.value('document.querySelectorAll("#drawing .lit").length', z.number());
    assert.equal(shown, 0);
  });

  it("is readable in light and in dark, whatever was asked for first", async () => {
    // WCAG 2.2, 1.4.3: text has at least 4.5 times the luminance of its ground, or the other way round.
    const contrast = `(() => {
      const light = (colour) => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
        const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      const of = (element, property) => getComputedStyle(element)[property];
      const nodes = [...document.querySelectorAll("#drawing .node")].map((node) =>
        ratio(of(node.querySelector("rect"), "fill"), of(node.querySelector("text"), "fill")));
      const quiet = ratio(of(document.querySelector("#status"), "color"), of(document.querySelector("#status"), "backgroundColor"));
      const body = ratio(of(document.body, "color"), of(document.body, "backgroundColor"));
      return Math.min(quiet, body, ...nodes);
    })()`;
    const ground = () => browser.value("getComputedStyle(document.body).backgroundColor", z.string());
    const grounds: string[] = [];
    for (const scheme of ["light", "dark"] as const) {
      await browser.colours(scheme);
      await open("graph.html");
      assert.ok((await browser.value(contrast, z.number())) >= 4.5, scheme);
      grounds.push(await ground());
      await browser.value('document.querySelector("#theme").click()', z.undefined());
      assert.ok((await browser.value(contrast, z.number())) >= 4.5, `switched from ${scheme}`);
      grounds.push(await ground());
    }
    const [light, dark, ...others] = grounds;
    assert.notEqual(light, dark);
    assert.deepEqual(others, [dark, light]);
  });

  it("fits on 400 pixels", async () => {
    await browser.size(400, 800);
    await open("graph.html");
    const widest = await browser.value("document.documentElement.scrollWidth", z.number());
    assert.ok(widest <= 400, `${widest}`);
    const height = await browser.value('document.querySelector("#drawing").getBoundingClientRect().height', z.number());
    assert.ok(height >= 200, `${height}`);
    await browser.size(1400, 900);
  });

  it("shows a hostile name as it is written", async () => {
    await open("hostile.html");
    const texts = await browser.value(
      '[document.title, document.querySelector("h1").textContent, document.querySelector(".node.entry text").textContent]',
      strings,
    );
    assert.deepEqual(texts, [`${hostile}: wiring`, hostile, hostile]);
    assert.equal(await browser.value('document.querySelectorAll("img, b").length', z.number()), 0);
    assert.deepEqual(browser.complaints, []);
  });
});
