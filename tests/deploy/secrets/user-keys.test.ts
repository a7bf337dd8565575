import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { lookAtUserKeys, renderUserKeyProblem } from "../../../deploy/secrets/user-keys.ts";
import { type LocalShell, localShell } from "../support/local-shell.ts";
import { soon } from "../support/signals.ts";

describe("a look at the keys of homes", function () {
  this.timeout(60_000);
  let shell: LocalShell;
  beforeEach(async () => {
    shell = await localShell();
  });
  afterEach(() => shell[Symbol.asyncDispose]());
  const me = userInfo().username;
  const look = (...keys: { user: string; path: string }[]) => lookAtUserKeys(shell, keys, soon());

  it("tells what is missing, somebody else's, or open to others, and nothing of what is sound", async () => {
    const home = join(shell.folder, "home");
    await mkdir(home);
    const at = (name: string): string => join(home, name);
    for (const [name, mode] of [
      ["sound", 0o600],
      ["group", 0o640],
      ["world", 0o604],
    ] as const) {
      await writeFile(at(name), "AGE-SECRET-KEY-1");
      await chmod(at(name), mode);
    }
    const mine = ["sound", "group", "world", "gone"].map((name) => ({ user: me, path: at(name) }));
    assert.deepEqual(await look(...mine), [
      { problem: "mode", user: me, path: at("group") },
      { problem: "mode", user: me, path: at("world") },
      { problem: "missing", user: me, path: at("gone") },
    ]);
    // Only root may say whose a file is that lies in another's home.
    const others = await look({ user: "daemon", path: at("sound") });
    assert.deepEqual(others, me === "root" ? [{ problem: "owner", user: "daemon", path: at("sound") }] : []);
    assert.deepEqual(await look(), []);
    assert.ok(!JSON.stringify(shell.commands).includes("AGE-SECRET-KEY"));
  });

  it("comes with the command that mends it, the key over its input", () => {
    assert.equal(
      renderUserKeyProblem("galena", { problem: "missing", user: "mina", path: "/home/mina/keys.txt" }),
      "the home of mina has no key for its own secrets; bring it: fleet ssh galena -- sudo -u mina sh -c 'umask 077; mkdir -p /home/mina; cat >/home/mina/keys.txt' <keys.txt",
    );
  });

  it("comes with a command that can be copied, whatever the configuration calls the place", () => {
    const path = "/home/mina/$(reboot)'s;keys";
    for (const problem of ["missing", "owner", "mode"] as const) {
      const line = renderUserKeyProblem("galena", { problem, user: "mina", path }).replace(
        /^.*?fleet ssh/,
        "fleet ssh",
      );
      const read = `fleet() { printf '%s\\0' "$@"; }; ${line.replace(/ <keys.txt$/, "")}`;
      const words = spawnSync("/bin/sh", ["-c", read], { encoding: "utf8" }).stdout.split("\0").slice(0, -1);
      assert.deepEqual(words.slice(0, 3), ["ssh", "galena", "--"]);
      if (problem !== "missing") assert.equal(words.at(-1), path);
      else assert.equal(words.at(-1), `umask 077; mkdir -p /home/mina; cat >'/home/mina/$(reboot)'\\''s;keys'`);
    }
  });
});
