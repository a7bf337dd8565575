import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { leaves, readCommands, renderCli } from "../../../scripts/docs/cli.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/cli.md", () => {
  it("says what the commands say of themselves", async () => {
    const written = await readFile(join(root, "docs/cli.md"), "utf8");
    assert.equal(written, renderCli(await readCommands()), "run: node scripts/docs/cli.ts");
  });

  it("has a meaning for every command, argument and option", async () => {
    const commands = leaves(await readCommands());
    assert.ok(commands.length > 20, `${commands.length} commands`);
    for (const { name, command } of commands) {
      const described = [command.description(), ...command.registeredArguments.map(({ description }) => description)];
      assert.ok(!described.includes(""), name);
      assert.ok(
        command.options.every(({ description }) => description !== ""),
        name,
      );
    }
  });
});
