import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, it } from "mocha";
import { refusedByFleet } from "./support/check-fleet-command.ts";
import { CopiedFleet } from "./support/copied-fleet.ts";
import { checkout, type DocumentedCommand, readDocumentedCommands } from "./support/documented-commands.ts";
import { storyOf, withoutRemark } from "./support/host-story.ts";
import { missingLine } from "./support/match-output.ts";
import { canonical, elsewhere, elsewhereOf, runsHere, staleReason } from "./support/places.ts";

/** As `canonical` writes them, without functions' bodies and what is handed on to them. */
function statementsOf({ statements }: DocumentedCommand): string[] {
  return statements.map(({ words }) => canonical(words));
}

/** What a reader can copy and run: no step of a workflow, no form, and all that it needs is there. */
async function isWhole(command: DocumentedCommand): Promise<boolean> {
  if (command.form === "step" || command.isSynopsis) return false;
  const [first = "", ...args] = statementsOf(command)[0]?.split(" ") ?? [];
  return args.length > 0 && (first !== "fleet" || (await refusedByFleet(args, false)) === undefined);
}

const commands = await readDocumentedCommands();
const whole = (await Promise.all(commands.map(async (one) => ((await isWhole(one)) ? [one] : [])))).flat();
const runHere = whole.filter((one) => statementsOf(one).every(runsHere));

describe("commands of the documentation that want no host", function () {
  this.timeout(300_000);
  let fleet: CopiedFleet;
  const done = new Set<string>();

  before(async () => {
    fleet = await CopiedFleet.create();
  });
  after(() => fleet[Symbol.asyncDispose]());

  for (const [page, all = []] of Object.entries(Object.groupBy(runHere, ({ page }) => page)))
    it(`do in ${page} what it says`, async () => {
      for (const { form, line, text, exitCode, output } of all) {
        if (form === "span" && done.has(text)) continue;
        done.add(text);
        const ended = await fleet.run(text);
        assert.equal(ended.code, exitCode, `${page}:${line}: ${text}\n${ended.text}`);
        if (output !== undefined)
          assert.equal(missingLine(output, ended.text), undefined, `${page}:${line}: ${text}\n${ended.text}`);
      }
      await fleet.restore();
    });
});

describe("every command of the documentation", () => {
  const onHosts = new Set(storyOf(commands).map(withoutRemark));

  it("is run: by these tests, or by one that has a reason to be another", () => {
    const nobodys = whole.filter((one) => {
      const statements = statementsOf(one);
      // The same command may stand in a block with a remark, and in a sentence.
      if (onHosts.has(withoutRemark(one))) return false;
      return !statements.every(runsHere) && statements.every((statement) => elsewhereOf(statement) === undefined);
    });
    assert.deepEqual(
      nobodys.map(({ page, line, text }) => `${page}:${line}: ${text}`),
      [],
      "give each a place in tests/docs/support/places.ts, or a turn in host-story.ts",
    );
  });

  it("is run as a step of a workflow as it stands there, with nobody to answer", () => {
    const text = readFileSync(join(checkout, "tests/e2e/moved-machine.test.ts"), "utf8");
    const steps = commands.filter(
      (one) => one.form === "step" && statementsOf(one).some((statement) => /^(fleet|pulumi) /.test(statement)),
    );
    assert.ok(steps.length >= 3);
    for (const { page, step } of steps)
      assert.ok(text.includes(`run("${basename(page)}", "${step}")`), `${page}: ${step}`);
  });

  it("is one of those that are run elsewhere only as long as it stands in a page, and a test runs it", () => {
    const used = new Set(commands.flatMap(statementsOf).map(elsewhereOf));
    assert.deepEqual(
      elsewhere.filter((entry) => !used.has(entry)).map(({ command }) => command),
      [],
    );
    assert.deepEqual(
      elsewhere.flatMap((entry) => staleReason(entry) ?? []),
      [],
    );
  });
});
