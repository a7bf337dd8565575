import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "mocha";
import { checkout } from "./support/documented-commands.ts";

const index = "docs/README.md";
const text = readFileSync(join(checkout, index), "utf8");

/** Heading → pages that its table lists, in the first cell of each row. */
const listed = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const rows = [...section.matchAll(/^\| \[[^\]]*\]\(([^)]+)\) \| .+ \|$/gm)].map(([, target = ""]) => target);
      return [section.slice(0, section.indexOf("\n")), rows] as const;
    }),
);

describe("the index of the documentation", () => {
  it("lists every page once, by its kind", () => {
    assert.deepEqual([...listed.keys()], ["Tutorial", "How to", "Reference", "Explanation", "Decisions"]);
    const found = [...listed.values()].flat().map((target) => normalize(join(dirname(index), target)));
    const pages = globSync("docs/**/*.md", { cwd: checkout }).filter((path) => path !== index);
    assert.ok(pages.length > 50, `${pages.length} pages`);
    assert.deepEqual(found.toSorted(), pages.toSorted());
  });

  it("leads to everything else that lies in docs/", () => {
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target.replace(/\/$/, ""));
    const others = globSync("docs/*", { cwd: checkout }).map((path) => path.slice("docs/".length));
    const folders = others.filter((name) => links.some((link) => link.startsWith(`${name}/`)));
    assert.deepEqual(
      others.filter((name) => name !== "README.md" && !links.includes(name) && !folders.includes(name)),
      [],
    );
  });

  it("has each page that is made from the code among the references, and says what decisions are called", () => {
    const made = globSync("docs/*.md", { cwd: checkout }).filter((path) =>
      /Generated\s+by\s+`node scripts\/docs\//.test(readFileSync(join(checkout, path), "utf8")),
    );
    const references = listed.get("Reference") ?? [];
    assert.ok(made.length >= 7, `${made.length} pages`);
    assert.deepEqual(
      made.map((path) => path.slice("docs/".length)).filter((page) => !references.includes(page)),
      [],
    );
    for (const target of listed.get("Decisions") ?? []) {
      const [title = ""] = readFileSync(join(checkout, "docs", target), "utf8").split("\n");
      const name = title.replace(/^# (ADR[ -]*)?\d+\.? */, "");
      assert.ok(text.includes(`](${target}) | ${name} |`), `${target}: ${name}`);
    }
  });
});

describe("the page of commands", () => {
  it("has a row with the exit codes of every command", () => {
    const page = readFileSync(join(checkout, "docs/commands.md"), "utf8");
    const reference = readFileSync(join(checkout, "docs/cli.md"), "utf8");
    const commands = [...reference.matchAll(/^## (fleet .+)$/gm)].map(([, name = ""]) => name);
    assert.ok(commands.length >= 25, `${commands.length} commands`);
    const rows = page
      .split("\n")
      .filter((line) => line.startsWith("| `fleet ") && line.split(/(?<!\\)\|/).length === 5);
    const first = rows.map((row) => row.slice(row.indexOf("`") + 1).replaceAll("\\|", "|"));
    const hasRow = (command: string): boolean =>
      first.some((text) => text.startsWith(command.replace(/^fleet add \w+$/, "fleet add machine|feature|service")));
    assert.deepEqual(
      commands.filter((command) => !hasRow(command)),
      [],
    );
  });
});
