import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { commandsOf } from "./support/documented-commands.ts";
import { lastDrawn, linesNotPrinted, missingLine } from "./support/match-output.ts";
import { statementsOf } from "./support/shell.ts";
import { expandSynopsis, isSynopsis } from "./support/synopsis.ts";

const read = (...lines: readonly string[]) => commandsOf({ path: "page.md", text: lines.join("\n") });
const texts = (...lines: readonly string[]): string[] => read(...lines).map(({ line, text }) => `${line}: ${text}`);

describe("the commands of a page", () => {
  it("stand one a line in a block sh, without its comments; a line goes on behind a backslash and in quotes", () => {
    assert.deepEqual(
      texts(
        "Text.",
        "",
        "```sh",
        "# first",
        "fleet show",
        "",
        "fleet why a \\",
        "  b",
        "git commit -m 'one",
        "two'",
        "```",
      ),
      ["5: fleet show", "7: fleet why a \\\n  b", "9: git commit -m 'one\ntwo'"],
    );
  });

  it("stand behind $ in a transcript, in a list as well, each with the lines below it as its output", () => {
    const [why, show, ...others] = read(
      "- item",
      "",
      "  ```console",
      "  $ fleet why a b",
      "  a gets b",
      "",
      "  $ fleet show",
      "  ```",
    );
    assert.deepEqual(
      [why?.text, why?.output, show?.text, show?.output, others],
      ["fleet why a b", ["a gets b"], "fleet show", undefined, []],
    );
  });

  it("take a here-document with them", () => {
    const [first, second] = read("```sh", "cat > a.ts <<'END'", "fleet shwo", "END", "fleet show", "```");
    assert.equal(first?.text, "cat > a.ts <<'END'\nfleet shwo\nEND");
    assert.deepEqual(first?.statements, [{ words: ["cat"], writes: ["a.ts"] }]);
    assert.equal(second?.text, "fleet show");
  });

  it("stand in sentences, over the end of a line too, in cells with their bars, and indented", () => {
    assert.deepEqual(
      texts("Do `fleet show", "--json` or `show`.", "", "| `fleet graph --format a\\|b` | x |", "", "    fleet types"),
      ["1: fleet show --json", "4: fleet graph --format a|b", "6: fleet types"],
    );
  });

  it("say in a comment how they end, where that is not well", () => {
    assert.deepEqual(
      read("```sh", "fleet why a b   # exit code 1: it does not", "fleet show # all", "```").map(
        ({ exitCode }) => exitCode,
      ),
      [1, 0],
    );
  });

  it("are none in blocks of other languages", () => {
    assert.deepEqual(texts("```ts", "fleet.show();", "```", "", "```text", "fleet show", "```"), []);
  });
});

describe("a script's commands", () => {
  it("are those of pipes, operators, groups, functions and substitutions, without variables that are set for them", () => {
    const script = `A=1 fleet check 2>&1 | tail -1 && { if ! fleet show; then x=$(fleet emit --check); fi; } > all.txt || true`;
    assert.deepEqual(statementsOf(script), [
      { words: ["fleet", "check"], writes: [] },
      { words: ["tail", "-1"], writes: [] },
      { words: ["fleet", "show"], writes: [] },
      { words: ["fleet", "emit", "--check"], writes: [] },
      { words: [], writes: ["all.txt"] },
      { words: ["true"], writes: [] },
    ]);
  });

  it("have words without their quotes, and nothing of a comment", () => {
    assert.deepEqual(statementsOf(`echo 'a b'"c \\"d\\" $E" f\\ g a#b # fleet shwo`), [
      { words: ["echo", `a bc "d" $E`, "f g", "a#b"], writes: [] },
    ]);
  });
});

describe("a command's form", () => {
  it("stands for commands with every option, and with each of its alternatives", () => {
    const form = "fleet plan [M…] [--watch [SECONDS]] [--format text|json] [--tags T,…] <m> …";
    assert.ok(isSynopsis(form));
    assert.deepEqual(expandSynopsis(form), [
      "fleet plan M --watch SECONDS --format text --tags T M",
      "fleet plan M --watch SECONDS --format json --tags T M",
    ]);
  });

  it("is none where a path is shortened, a flag means a set, or a comment has dots", () => {
    for (const text of ["fleet push /nix/store/…-one", "fleet add x --tags a,b", "fleet show # and so on …"])
      assert.equal(isSynopsis(text), false, text);
  });
});

describe("what a page shows of a command's output", () => {
  const printed = "a  b\n  0123456-nixos-system-x-26.05\nlast (42)\n";

  it("is the same, up to blanks between columns and hashes of systems", () => {
    assert.equal(missingLine(["a    b", "  9bcd1fg-nixos-system-x-26.05", "last (42)"], printed), undefined);
  });

  it("may leave out what … stands for: a part of a line, or lines", () => {
    assert.equal(missingLine(["a  …", "…", "last (…)"], printed), undefined);
    assert.equal(missingLine(["a  b", "…"], printed), undefined);
  });

  it("differs in a word, a line too few, a line too many, or their order", () => {
    assert.equal(missingLine(["a  c", "…"], printed), "a  c");
    assert.equal(missingLine(["a  b", "last (42)"], printed), "last (42)");
    assert.equal(missingLine(["a  b"], printed), "the end, instead of   0123456-nixos-system-x-26.05");
    assert.equal(missingLine(["…", "last (42)", "a  b"], printed), "a  b");
  });

  it("has other hashes, times, processes and ages each time, and other words never", () => {
    const shown = "cinnabar  ok  9r1w1f7  25 s  2026-11-24T02:57:23Z  Nov 24 03:22:50 x[42]: by you@here";
    const other = "cinnabar ok  abcdfgh  3 min 2027-01-01T00:00:00Z  Dec  1 13:02:00 x[7]: by root@vm";
    assert.equal(missingLine([shown], other), undefined);
    assert.equal(missingLine([shown], other.replace("ok", "differs")), shown);
    assert.equal(missingLine([shown], other.replace("3 min", "soon")), shown);
  });

  it("stands in any order and with more between it, where things come to pass in no order", () => {
    assert.deepEqual(linesNotPrinted(["└─ last (42)", "a b"], "├─ a  b\nmore\n├─ last (42)\n"), ["a b"]);
    assert.deepEqual(linesNotPrinted(["   last (42)", "", "a  b"], "a  b\n\nmore\n├─ last (42)\n"), []);
  });

  it("is what stands on the terminal in the end, where a table is drawn again and again", () => {
    const printed =
      "\u001b[1mUp\u001b[0m\r\n  Type\r\n  a..\r\n\r\u001b[2A  Type\u001b[K\r\n \u001b[38;5;2m a\u001b[0m done\r\n";
    assert.equal(lastDrawn(printed, /^ +Type/), "  Type\n  a done\n");
  });
});
