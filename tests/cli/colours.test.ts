import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { hasColours, paint } from "../../cli/colours.ts";
import { plainText } from "../../errors.ts";
import { soundFleet } from "../clan/checks/support/sound-fleet.ts";
import { type TemporaryFleet, temporaryFleet } from "../clan/support/temporary-fleet.ts";

const command = join(import.meta.dirname, "../../cli/fleet.ts");
const esc = "\u001b";
const red = (text: string): string => `${esc}[31m${text}${esc}[39m`;
const yellow = (text: string): string => `${esc}[33m${text}${esc}[39m`;
const green = (text: string): string => `${esc}[32m${text}${esc}[39m`;
const bold = (text: string): string => `${esc}[1m${text}${esc}[22m`;

describe("colours", () => {
  it("are for a terminal that is not dumb, where NO_COLOR is not there or empty", () => {
    const colours = (isTTY: boolean, env: NodeJS.ProcessEnv): boolean => hasColours({ isTTY }, env);
    assert.equal(colours(true, {}), true);
    assert.equal(colours(true, { NO_COLOR: "" }), true);
    for (const value of ["1", "0", "false"]) assert.equal(colours(true, { NO_COLOR: value }), false);
    assert.equal(colours(true, { TERM: "dumb" }), false);
    for (const env of [{}, { FORCE_COLOR: "1" }, { CLICOLOR_FORCE: "1" }]) assert.equal(colours(false, env), false);
  });

  it("mark how bad a finding and a diagnosis are, how a machine ended or is, and what is to be done", () => {
    assert.equal(paint("  error   FC001  two entries"), `  ${red("error")}   FC001  two entries`);
    assert.equal(paint("  ERROR    nix   too old"), `  ${red("ERROR")}    nix   too old`);
    assert.equal(paint("galena    switched     1a2b3c4"), `galena    ${green("switched")}     1a2b3c4`);
    assert.equal(paint("galena  unreachable"), `galena  ${red("unreachable")}`);
    assert.equal(
      paint("galena  switched-with-failed-units  1a"),
      `galena  ${yellow("switched-with-failed-units")}  1a`,
    );
    assert.equal(paint("  fix:      say yes"), `${bold("  fix: ")}     say yes`);
    assert.equal(
      paint("galena unreachable since noon"),
      "galena unreachable since noon",
      "in a sentence nothing is marked",
    );
  });

  it("mark the first line of an error, and all of a warning", () => {
    assert.equal(paint("galena: no\n  found: x\n", "error"), `${red("galena: no")}\n  found: x\n`);
    assert.equal(paint("galena: a\n  b\n", "warning"), `${yellow("galena: a")}\n${yellow("  b")}\n`);
  });

  it("change nothing but colours, and nothing at all of data for programs", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (lines) => {
        const text = plainText(lines.join("\n"));
        assert.equal(stripVTControlCharacters(paint(text)), text);
      }),
    );
    const outcome = fc.constantFrom(
      "failed",
      "error",
      "ok",
      "  fix: x",
      "galena  failed",
      "galena  failed  \n  fix: y",
    );
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.dictionary(outcome, outcome)),
        fc.constantFrom(undefined, 2),
        (any, rows, indent) => {
          const json = JSON.stringify([any, rows], null, indent);
          assert.equal(paint(json), json);
        },
      ),
    );
  });
});

describe("colours of a command", function () {
  this.timeout(60_000);
  let fleet: TemporaryFleet;
  let nowhere: string;

  before(async function () {
    if (process.platform !== "linux") this.skip(); // script(1) of util-linux makes the terminal
    nowhere = await mkdtemp(join(tmpdir(), "no-fleet-"));
    fleet = await temporaryFleet({ ...soundFleet, "modules/unused.ts": unused });
  });
  after(async () => {
    await fleet[Symbol.asyncDispose]();
    await rm(nowhere, { recursive: true });
  });

  /** What a command shows on a terminal of its own. */
  async function shown(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
    const words = [process.execPath, command, ...args].map((word) => `'${word}'`).join(" ");
    const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
    const terminal = spawn("script", ["--quiet", "--return", "--command", words, "/dev/null"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...env, TERM: "xterm", ...environment },
    });
    let text = "";
    terminal.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await once(terminal, "close");
    return text;
  }

  it("are on a terminal: of findings, and of an error", async () => {
    const findings = await shown(["-C", fleet.root, "check", "--no-evaluate"]);
    assert.match(findings.replaceAll(esc, "ESC"), /ESC\[1m +fix ESC\[22m/);
    assert.ok((await shown(["-C", nowhere, "show"])).includes(`${esc}[31m`));
  });

  it("are not where NO_COLOR is set, and never in JSON", async () => {
    const silenced = await shown(["-C", nowhere, "show"], { NO_COLOR: "1" });
    assert.match(silenced, /fix:/);
    assert.ok(!silenced.includes(`${esc}[31m`) && !silenced.includes(`${esc}[1m`), silenced);
    const json = await shown(["-C", fleet.root, "check", "--no-evaluate", "--json"]);
    assert.match(json, /"rule": "FC012"/);
    assert.ok(!json.includes(`${esc}[3`) && !json.includes(`${esc}[1m`), json);
  });
});

/** An entry that no machine gets. */
const unused = `
import { flakeModule } from "pulumi-clan/author";
export default flakeModule({ flake: { modules: { nixos: { unused: { networking: { useDHCP: true } } } } } });
`;
