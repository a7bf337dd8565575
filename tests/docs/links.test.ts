import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "mocha";
import { allRules } from "../../clan/checks/all-rules.ts";
import { readErrorCodes } from "../../scripts/docs/error-codes.ts";
import { checkout } from "./support/documented-commands.ts";

const pages = globSync("{README.md,sim/**/README.md,docs/**/*.md}", { cwd: checkout }).map((path) => ({
  path,
  /** Without what stands in blocks of code. */
  prose: readFileSync(join(checkout, path), "utf8").replaceAll(/^ *```[\s\S]*?^ *```$/gm, ""),
}));

/** A heading's anchor. Source: GitHub's own, as github-slugger 2 has it; a page has no two headings of one name. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

const anchors = new Map(
  pages.map(({ path, prose }) => [
    path,
    [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)),
  ]),
);

describe("the documentation", () => {
  it("has links that lead to files of the checkout, and to headings that their pages have", () => {
    const links = pages.flatMap(({ path, prose }) =>
      [...prose.replaceAll(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ path, target })),
    );
    assert.ok(links.length > 100, `${links.length} links`);
    const broken = links.filter(({ path, target }) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      return !existsSync(join(checkout, to)) || (anchor !== undefined && anchors.get(to)?.includes(anchor) !== true);
    });
    assert.deepEqual(broken, []);
  });

  it("names rules and error codes that there are", async () => {
    // Numbers of the catalogue that are no rule: the page of checks says why.
    const explained = pages.flatMap(({ prose }) =>
      [...prose.matchAll(/^- \*\*(FC\d{3})\*\*, /gm)].map(([, id = ""]) => id),
    );
    const codes = (await readErrorCodes(checkout)).map(({ code }) => code);
    const known = new Set([...allRules.map(({ id }) => id), ...explained, ...codes]);
    const named = pages.flatMap(({ path, prose }) =>
      [...prose.matchAll(/\b(FC\d{3}|FLEET_[A-Z_]+)\b/g)].map(([name]) => ({ path, name })),
    );
    assert.ok(named.length > 100, `${named.length} names`);
    assert.deepEqual(
      named.filter(({ name }) => !known.has(name)),
      [],
    );
  });
});
