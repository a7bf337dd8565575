import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { renderPlanHtml } from "../../../../clan/plan/html/render-html.ts";
import type { Plan } from "../../../../clan/plan/machine-plan.ts";
import { TemporaryFolder } from "../../../local-nix/support/temporary-folder.ts";
import { Browser, findChromium } from "../../graph/support/browser.ts";
import { wholePlan } from "../support/whole-plan.ts";

const hostile = `</td><img src=x onerror="document.title='caught'"><b>bold</b>`;
const tags = (html: string): readonly string[] => html.match(/<[!/a-z][^\s>]*/gi) ?? [];
/** The same plan with one name in every place where a host or a fleet may bring its own words. */
const called = (name: string): Plan => {
  const machines = Object.entries(wholePlan.machines).map(([machine, plan]) => [
    machine,
    { ...plan, host: name, warnings: [name], reasons: plan.reasons.map((reason) => ({ ...reason, text: name })) },
  ]);
  return { ...wholePlan, fleet: name, machines: Object.fromEntries(machines) };
};

describe("the page of a plan", () => {
  it("holds any words as text, and none as markup", () => {
    const parts = fc.oneof(
      fc.constantFrom("</td>", "<!--", "<script>", "&lt;", '"', "'", hostile),
      fc.string({ unit: "binary" }),
    );
    const words = fc.array(parts, { minLength: 1, maxLength: 4 }).map((some) => `x${some.join("")}`);
    const plain = tags(renderPlanHtml(called("a")));
    fc.assert(
      fc.property(words, (name) => {
        assert.deepEqual(tags(renderPlanHtml(called(name))), plain);
      }),
      { numRuns: 40 },
    );
  });

  it("names nothing outside of itself, and runs nothing", () => {
    assert.doesNotMatch(renderPlanHtml(wholePlan), /src=|href="[^#]|@import|url\(|<script/);
  });

  it("tells what is copied and what nodes cost in all", () => {
    const html = renderPlanHtml(wholePlan);
    assert.match(
      html,
      /1 of 3 machines change, of 1 it is not known; at most 48\.2 MB are copied; nodes \$24\.46 → \$204\.58 a month/,
    );
    assert.match(html, /<td>3\.1 MB to 48\.2 MB<\/td>/);
  });

  it("places a node whose zone is not known yet where room is looked for", () => {
    const [cinnabar] = Object.values(wholePlan.machines);
    const { node } = cinnabar ?? assert.fail();
    assert.ok(cinnabar !== undefined && node !== null);
    const zones = { zone: { before: null, after: null }, zonesTried: ["us-central1-a", "us-central1-b"] };
    const made = { ...cinnabar, node: { ...node, action: "create" as const, ...zones } };
    const html = renderPlanHtml({ ...wholePlan, machines: Object.fromEntries([["galena", made]]) });
    assert.match(html, /<h3>one of us-central1-a, us-central1-b<\/h3>/);
  });
});

const chromium = findChromium();

(chromium === undefined ? describe.skip : describe)("the page of a plan, in a browser", function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: TemporaryFolder;
  before(async () => {
    folder = await TemporaryFolder.make();
    await folder.write({ "plan.html": renderPlanHtml(wholePlan), "hostile.html": renderPlanHtml(called(hostile)) });
    browser = await Browser.open(chromium ?? "chromium");
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  const open = (file: string): Promise<void> => browser.load(join(folder.path, file));
  const strings = z.array(z.string());

  it("shows every machine on the map, in the table and in detail, the ones that change first", async () => {
    await browser.size(1200, 900);
    await open("plan.html");
    const machines = ["cinnabar", "stibnite", "electrum"];
    assert.deepEqual(
      await browser.value(
        '[...document.querySelectorAll("tbody th[scope=row] a")].map((cell) => cell.textContent)',
        strings,
      ),
      machines,
    );
    assert.deepEqual(
      await browser.value('[...document.querySelectorAll("summary b")].map((cell) => cell.textContent)', strings),
      machines,
    );
    assert.deepEqual(
      (
        await browser.value(
          '[...document.querySelectorAll(".place a")].map((tile) => tile.firstChild.textContent)',
          strings,
        )
      ).sort(),
      machines.toSorted(),
    );
    const leads =
      '[...document.querySelectorAll("a")].every((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))))';
    assert.equal(await browser.value(leads, z.boolean()), true);
    assert.deepEqual(browser.complaints, [], "nothing refused, nothing fetched");
  });

  it("fits a window of 400 pixels, in the light and in the dark", async () => {
    await browser.size(400, 800);
    for (const value of ["light", "dark"] as const) {
      await browser.colours(value);
      await open("plan.html");
      assert.equal(await browser.value("document.documentElement.scrollWidth <= innerWidth", z.boolean()), true, value);
      const colours = 'getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color';
      const shown = await browser.value(colours, z.string());
      assert.equal(
        shown,
        value === "light" ? "rgb(251, 251, 249) rgb(27, 29, 31)" : "rgb(21, 24, 27) rgb(236, 239, 241)",
      );
    }
  });

  it("shows hostile words as they are", async () => {
    await open("hostile.html");
    assert.equal(await browser.value("document.querySelectorAll('img, p b, .host b').length", z.number()), 0);
    assert.ok((await browser.value("document.querySelector('.host').textContent", z.string())).includes("<b>bold</b>"));
    assert.deepEqual(browser.complaints, []);
  });
});
