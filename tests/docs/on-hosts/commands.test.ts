import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Checkout } from "../../e2e/support/checkout.ts";
import { type Ended, run } from "../../e2e/support/run.ts";
import { readDocumentedCommands } from "../support/documented-commands.ts";
import { answerTo, byStore, drawn, followed, storyOf, withoutRemark } from "../support/host-story.ts";
import { lastDrawn, linesNotPrinted, missingLine } from "../support/match-output.ts";

/** Whose commits they are. */
const reader = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((who) => [
    [`GIT_${who}_NAME`, "reader"],
    [`GIT_${who}_EMAIL`, "reader@example.org"],
  ]),
);
const story = storyOf(await readDocumentedCommands());

describe(`the commands of ${followed}, and of other pages, on the simulated fleet`, function () {
  this.timeout(300_000);
  this.bail(true); // each command finds what those before it left
  let checkout: Checkout;

  /** As typed at the checkout's root, on a terminal or not; `fleet` and `pulumi` are those of the project, with its settings. */
  const type = (command: string, onTerminal: boolean): Promise<Ended> => {
    const names = ["fleet", "pulumi"].map((name) => `${name}() { "$PWD/scripts/${name}" "$@"; }`);
    const typed = [...names, command].join("\n");
    const shell = onTerminal
      ? ["script", "--quiet", "--return", "--command", 'stty cols 200 rows 60; bash -ec "$TYPED"', "/dev/null"]
      : ["bash", "-ec", typed];
    const unset = ["-u", "PULUMI_STACK", "-u", "PULUMI_CLAN_SIM_STATE"];
    return run("env", [...unset, ...shell], checkout.root, 280, { ...reader, TYPED: typed, NO_COLOR: "1" });
  };

  before(async () => {
    checkout = await Checkout.create();
    const ended = await type("git commit --quiet --message 'the fleet'", false);
    assert.equal(ended.code, 0, ended.text);
  });
  after(() => checkout[Symbol.asyncDispose]());

  for (const documented of story) {
    const { page, line, exitCode, output } = documented;
    const command = withoutRemark(documented);
    it(`do what the page says: ${command} (${page}:${line})`, async () => {
      const head = drawn[command];
      const ended = await type(answerTo(command), head !== undefined);
      assert.equal(ended.code, exitCode, ended.text);
      if (output === undefined) return;
      if (head === undefined) {
        const missing = [ended.stdout, ended.text].map((printed) => missingLine(output, printed));
        assert.ok(missing.includes(undefined), `${missing.join("\n")}\nin\n${ended.text}`);
      } else {
        const printed = lastDrawn(ended.stdout, head);
        const shown = output.filter((one) => !byStore.test(one));
        assert.deepEqual(linesNotPrinted(shown, printed), [], printed);
      }
    });
  }
});
