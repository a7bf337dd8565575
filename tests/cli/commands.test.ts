import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { loadCommands } from "../../cli/commands.ts";

const terminal = { answer: () => undefined, tell: () => undefined, clear: () => undefined, exitCode: 0 };

/** Names of the commands that this command line has. */
async function named(...argv: readonly string[]): Promise<readonly string[]> {
  const signal = new AbortController().signal;
  return (await loadCommands(argv)).map((make) => make(terminal, signal).name());
}

describe("the commands of a command line", () => {
  it("are the one that it names, and those that a folder or a machine of their name may be", async () => {
    assert.deepEqual(await named("check", "--json"), ["check"]);
    assert.deepEqual(await named("--dir", "show", "check"), ["show", "check"]);
  });

  it("are all where it names none, or asks for help", async () => {
    const all = await named();
    assert.deepEqual(await named("chekc"), all);
    assert.deepEqual(await named("--dir", "show", "--help"), all);
    assert.deepEqual(await named("help", "show"), all);
  });

  it("leave out none that has a file", async () => {
    const folder = join(import.meta.dirname, "../../cli");
    // A folder holds what stands below one command.
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"));
    const texts = files.map((file) => readFile(join(folder, file), "utf8"));
    const defined = (await Promise.all(texts)).flatMap(
      (text) => /^export function (\w+)Command\(terminal/m.exec(text)?.[1] ?? [],
    );
    assert.deepEqual([...(await named())].sort(), defined.sort());
  });
});
