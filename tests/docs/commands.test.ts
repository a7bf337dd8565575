import assert from "node:assert/strict";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { refusedByFleet } from "./support/check-fleet-command.ts";
import { refusedByNpm, scriptCallOf } from "./support/check-npm-command.ts";
import { refusedByPulumi } from "./support/check-pulumi-command.ts";
import {
  checkout,
  commandsOf,
  type DocumentedCommand,
  readDocumentedCommands,
  readPages,
} from "./support/documented-commands.ts";
import type { Page } from "./support/markdown.ts";
import { missingFiles } from "./support/named-files.ts";
import { isNamedIn, refusedConfigurations, unknownKeys, variablesOf } from "./support/named-settings.ts";
import type { Statement } from "./support/shell.ts";

/** A sentence may name a command alone; what is to be copied must be complete. */
async function refused(
  form: DocumentedCommand["form"],
  [program, ...args]: readonly string[],
): Promise<string | undefined> {
  const call = program === "npm" ? scriptCallOf(args) : undefined;
  if (call?.script === "fleet") return refused(form, ["fleet", ...call.args]);
  if (call?.script === "pulumi") return refused(form, ["pulumi", ...call.args]);
  if (program === "npx") return args[0] === "fleet" ? refused(form, args) : "npx: of these pages it calls fleet alone";
  if (program === "fleet") return refusedByFleet(args, form === "span");
  if (program === "pulumi") return refusedByPulumi(args);
  return program === "npm" ? refusedByNpm(args) : undefined;
}

async function complaintsOf(commands: readonly DocumentedCommand[]): Promise<string[]> {
  const complaints: string[] = [];
  const known = new Map<string, string | undefined>();
  for (const { page, line, form, statements } of commands) {
    for (const { words } of statements) {
      const key = JSON.stringify([form, ...words]);
      if (!known.has(key)) known.set(key, await refused(form, words));
      const complaint = known.get(key);
      if (complaint !== undefined) complaints.push(`${page}:${line}: ${words.join(" ")}: ${complaint}`);
    }
  }
  return complaints;
}

describe("every command in the documentation", function () {
  this.timeout(300_000);
  let commands: readonly DocumentedCommand[] = [];

  before(async () => {
    commands = await readDocumentedCommands();
  });

  it("is found, in blocks, sentences, tables and workflows", () => {
    const programs = commands.flatMap(({ statements }) => statements.map(({ words }: Statement) => words[0]));
    for (const [program, least] of Object.entries({ fleet: 100, npm: 40, pulumi: 60 }))
      assert.ok(programs.filter((one) => one === program).length >= least, program);
  });

  it("is one that the program takes, with its options, choices and number of arguments", async () => {
    assert.deepEqual(await complaintsOf(commands), []);
  });

  it("names files that are in the checkout, or that an earlier one of the page makes", () => {
    assert.deepEqual(missingFiles(commands), []);
    const text = "```sh\nfleet impact modules/gone.ts\ncat plan.md\nfleet plan > plan.md\ncat plan.md\n```";
    assert.deepEqual(missingFiles(commandsOf({ path: "page.md", text })), [
      "page.md:2: modules/gone.ts",
      "page.md:3: plan.md",
    ]);
  });
});

describe("what the documentation names beside commands", () => {
  let pages: readonly Page[] = [];

  before(async () => {
    pages = await readPages();
  });

  it("keys of a stack's configuration that there are", () => {
    assert.deepEqual(pages.flatMap(unknownKeys), []);
    const text = "`pulumi-clan:policy.takeOvr`, `pulumi-clan:hosts.<m>.targetHots`, `rollout.canary: [galena]`";
    assert.deepEqual(unknownKeys({ path: "page.md", text }), [
      "page.md: policy.takeOvr",
      "page.md: hosts.<m>.targetHots",
      "page.md: rollout.canary",
    ]);
  });

  it("configurations that are taken as they stand", () => {
    assert.deepEqual(pages.flatMap(refusedConfigurations), []);
    const [refused] = refusedConfigurations({
      path: "page.md",
      text: "```yaml\npulumi-clan:rollout: { canary: [a] }\n```",
    });
    assert.match(refused ?? "", /rollout\.canary is not a key/);
  });

  it("variables of ours that the code reads", async () => {
    const patterns = "{cli,stack,local-nix,program,providers,scripts,sim}/**/*";
    const files = await Array.fromAsync(glob(patterns, { cwd: checkout, withFileTypes: true }));
    const paths = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const unread = [...new Set(pages.flatMap(variablesOf))].filter((name) => !isNamedIn(paths, name));
    assert.deepEqual(unread, []);
    assert.ok(!isNamedIn(paths, "PULUMI_CLAN_CASH"));
  });
});

describe("a command in the documentation that is none", function () {
  this.timeout(300_000);
  const complaints = (text: string): Promise<string[]> => complaintsOf(commandsOf({ path: "page.md", text }));
  const block = (...lines: readonly string[]): string => ["```sh", ...lines, "```"].join("\n");

  for (const [what, text, complaint] of [
    ["an unknown command", block("fleet shwo"), /unknown command 'shwo'/],
    ["an unknown option", "`fleet check --jsn`", /unknown option '--jsn'/],
    ["an unknown option behind a continued line", block("fleet check \\", "  --jsn"), /unknown option '--jsn'/],
    ["an unknown option in a synopsis", "| `fleet why M THING [--jsn]` |", /unknown option '--jsn'/],
    ["a choice that is none", block("fleet graph --format png"), /Allowed choices are/],
    ["an alternative that is none", "`fleet graph --format dot|png`", /Allowed choices are/],
    ["an argument too few in a block", block("fleet why galena"), /missing required argument 'thing'/],
    ["an argument too many", "`fleet show galena`", /too many arguments/],
    ["one behind npm", block("npm run fleet -- check --jsn"), /unknown option '--jsn'/],
    ["one behind a pipe", block("cat x | fleet check --jsn"), /unknown option '--jsn'/],
    ["a script that is none", "`npm run quickstrat`", /no script "quickstrat"/],
    ["an option that a script has not", "`npm run bench -- push --quik`", /unknown: --quik/],
    ["a command that a script has not", "`npm run bench -- psh`", /no command "psh"/],
    ["an unknown command of Pulumi", "`pulumi stack inti core`", /takes no "inti"/],
    ["an unknown option of Pulumi", block("pulumi stack init core --secret-provider x"), /has no --secret-provider/],
    ["a command of Pulumi in a transcript", "```text\n$ pulumi up --stak core\nok\n```", /has no --stak/],
  ] as const)
    it(`is refused: ${what}`, async () => {
      const [first = "none", ...others] = await complaints(text);
      assert.match(first, complaint);
      assert.deepEqual(others, []);
    });

  it("is not what a sentence names without its arguments, or what stands for a form", async () => {
    for (const text of [
      "`fleet why`",
      "`fleet add`",
      "`fleet deploy --toplevel`",
      "`fleet status [M…] [--watch [SECONDS]]`",
    ])
      assert.deepEqual(await complaints(text), []);
  });
});
