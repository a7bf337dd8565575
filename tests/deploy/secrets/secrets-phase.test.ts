import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, chown, lchown, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, it } from "mocha";
import { SecretsError } from "../../../deploy/secrets/errors.ts";
import {
  commitSecrets,
  replaceSecrets,
  restoreSecrets,
  type SecretsResult,
  stageSecrets,
} from "../../../deploy/secrets/secrets-phase.ts";
import type { FleetEvent } from "../../../report.ts";
import { type LocalShell, localShell } from "../support/local-shell.ts";
import { type TestSecrets, testSecrets } from "../support/secrets.ts";
import { soon } from "../support/signals.ts";

describe("the secrets' phase", function () {
  this.timeout(60_000);
  let shell: LocalShell;
  let events: FleetEvent[];
  let key: string;
  let token: string;
  beforeEach(async () => {
    shell = await localShell();
    events = [];
    key = join(shell.folder, "var/lib/sops-nix/key.txt");
    token = join(shell.folder, "run/tokens/wifi");
  });
  afterEach(() => shell[Symbol.asyncDispose]());

  const report = (event: FleetEvent): void => void events.push(event);
  const stage = (secrets: TestSecrets) => stageSecrets(shell, testSecrets(secrets), report, soon());
  const replace = () => replaceSecrets(shell, report, soon());
  const commit = () => commitSecrets(shell, report, soon());
  const restore = () => restoreSecrets(shell, report, soon());
  const kinds = async (...steps: (() => Promise<SecretsResult>)[]): Promise<string[]> => {
    const seen: string[] = [];
    for (const step of steps) {
      const result = await step();
      seen.push(result.kind === "failed" ? result.reason : result.kind);
    }
    return seen;
  };
  const deliver = (secrets: TestSecrets) => kinds(() => stage(secrets), replace, commit);
  const read = (path: string): Promise<string> => readFile(path, "utf8");
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

  const first = (): TestSecrets => ({ identities: { [key]: "KEY-ONE\n" }, files: { [token]: "token one" } });
  const second = (): TestSecrets => ({ identities: { [key]: "KEY-TWO\n" }, files: { [token]: "token two" } });

  it("brings files to where nothing was, with modes, and leaves nothing else behind", async () => {
    assert.deepEqual(await deliver({ ...first(), targets: { [token]: { mode: "0640" } } }), [
      "staged",
      "replaced",
      "committed",
    ]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-ONE\n", "token one"]);
    assert.deepEqual(
      [await modeOf(key), await modeOf(token), await modeOf(join(shell.state, "secrets"))],
      ["400", "640", "700"],
    );
    assert.equal(existsSync(join(shell.state, "secrets/staged")), false);
    assert.equal(existsSync(join(shell.state, "secrets/open")), false);
  });

  it("replaces nothing before it is told to, and holds both identities until the commit", async () => {
    await deliver(first());
    assert.deepEqual(await kinds(() => stage(second())), ["staged"]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-ONE\n", "token one"]);
    assert.deepEqual(await kinds(replace), ["replaced"]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-TWO\nKEY-ONE\n", "token two"]);
    assert.deepEqual(await kinds(commit), ["committed"]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-TWO\n", "token two"]);
  });

  it("puts everything back on a rollback: content, mode, and what was absent", async () => {
    await mkdir(join(shell.folder, "var/lib/sops-nix"), { recursive: true });
    await writeFile(key, "KEY-HAND\n# by hand");
    await chmod(key, 0o440);
    const steps = [() => stage(first()), replace, restore, restore];
    assert.deepEqual(await kinds(...steps), ["staged", "replaced", "restored", "nothing"]);
    assert.deepEqual([await read(key), await modeOf(key), existsSync(token)], ["KEY-HAND\n# by hand", "440", false]);
    assert.equal(existsSync(join(shell.state, "secrets/open")), false);
  });

  it("touches nothing and asks for no content when nothing changed; sees a file that was changed by hand", async () => {
    await deliver(first());
    const { ino } = await stat(key);
    const again = testSecrets(first());
    assert.deepEqual(await kinds(() => stageSecrets(shell, again, report, soon()), replace, commit), [
      "unchanged",
      "nothing",
      "nothing",
    ]);
    assert.deepEqual([again.reads(), (await stat(key)).ino], [0, ino]);
    await chmod(token, 0o600);
    await writeFile(token, "by hand");
    assert.deepEqual(await deliver(first()), ["staged", "replaced", "committed"]);
    assert.deepEqual([await read(token), (await stat(key)).ino], ["token one", ino]);
  });

  it("replaces the file that a link means, in a folder that is a link, and keeps the links", async () => {
    const persisted = join(shell.folder, "persist");
    await mkdir(persisted);
    await mkdir(join(shell.folder, "var/lib"), { recursive: true });
    await symlink(persisted, join(shell.folder, "var/lib/sops-nix"));
    await mkdir(join(shell.folder, "run/tokens"), { recursive: true });
    await symlink("../elsewhere", token);
    assert.deepEqual(await deliver(first()), ["staged", "replaced", "committed"]);
    assert.deepEqual(
      [await read(join(persisted, "key.txt")), await readlink(token), await read(join(shell.folder, "run/elsewhere"))],
      ["KEY-ONE\n", "../elsewhere", "token one"],
    );
  });

  it("makes the folders that a home lacks its user's", async () => {
    const home = join(shell.folder, "home/alice");
    await mkdir(home, { recursive: true });
    await chown(home, 4711, 4712);
    const path = join(home, ".config/sops/age/keys.txt");
    const targets = { [path]: { owner: "4711", group: "4712", mode: "0600" } };
    assert.deepEqual(await deliver({ identities: { [path]: "KEY\n" }, targets }), ["staged", "replaced", "committed"]);
    for (const made of [".config", ".config/sops", ".config/sops/age", ".config/sops/age/keys.txt"]) {
      const { uid, gid } = await stat(join(home, made));
      assert.deepEqual([made, uid, gid], [made, 4711, 4712]);
    }
    assert.equal(await modeOf(join(home, ".config")), "755");
  });

  it("follows no link of a user's out of what is his", async () => {
    const [home, etc] = [join(shell.folder, "home/alice"), join(shell.folder, "etc")];
    await Promise.all([mkdir(join(home, "mine"), { recursive: true }), mkdir(etc)]);
    await writeFile(join(etc, "shadow"), "root's");
    for (const path of [home, join(home, "mine")]) await chown(path, 4711, 4711);
    const lead = async (to: string, name: string): Promise<string> => {
      await symlink(to, join(home, name));
      await lchown(join(home, name), 4711, 4711);
      return join(home, name);
    };
    const file = await lead(join(etc, "shadow"), "keys.txt");
    const folder = join(await lead("../../etc", ".config"), "keys.txt");
    for (const path of [file, folder]) {
      const [, answer] = await kinds(() => stage({ files: { [path]: "hers" } }), replace);
      assert.match(answer ?? "", /the previous ones are back \(.*a link of user 4711 leads to .*\/etc\/\w+/);
    }
    assert.equal(await read(join(etc, "shadow")), "root's");
    assert.deepEqual(await readdir(etc), ["shadow"]);
    const own = join(await lead("mine", "theirs"), "keys.txt");
    assert.deepEqual(await deliver({ files: { [own]: "hers" } }), ["staged", "replaced", "committed"]);
    assert.equal(await read(join(home, "mine/keys.txt")), "hers");
  });

  it("goes from an open set to another one: previous stays what the last commit left", async () => {
    const other = join(shell.folder, "run/tokens/other");
    await deliver(first());
    await kinds(() => stage({ ...second(), files: { ...second().files, [other]: "only in two" } }), replace);
    const third = { identities: { [key]: "KEY-THREE\n" }, files: { [token]: "token three" } };
    assert.deepEqual(await kinds(() => stage(third), replace), ["staged", "replaced"]);
    assert.deepEqual(
      [await read(key), await read(token), existsSync(other)],
      ["KEY-THREE\nKEY-ONE\nKEY-TWO\n", "token three", false],
    );
    assert.deepEqual(await kinds(restore), ["restored"]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-ONE\n", "token one"]);
    assert.deepEqual(await kinds(() => stage(third), replace, commit), ["staged", "replaced", "committed"]);
    assert.deepEqual([await read(key), await read(token)], ["KEY-THREE\n", "token three"]);
  });

  it("removes at commit what it once brought and is no longer declared; a rollback has it back", async () => {
    await deliver(first());
    const without = { identities: { [key]: "KEY-TWO\n" } };
    await kinds(() => stage(without), replace);
    assert.equal(await read(token), "token one", "the old system may still come back");
    await kinds(restore);
    assert.equal(await read(token), "token one");
    assert.deepEqual(await deliver(without), ["staged", "replaced", "committed"]);
    assert.equal(existsSync(token), false);
  });

  it("proves on the host with the new identities alone, and stages nothing when they open nothing", async () => {
    await deliver(first());
    const proven = (identity: string): TestSecrets => ({
      ...second(),
      prove: (staged) => ({
        command: [
          "/bin/sh",
          "-c",
          `grep -qx ${identity} "$1" || { echo "no key for it" >&2; exit 1; }`,
          "sh",
          staged.of(key),
        ],
      }),
    });
    assert.deepEqual(await kinds(() => stage(proven("KEY-ONE")), replace), [
      "the staged identities do not open the new system's secrets: no key for it",
      "nothing",
    ]);
    assert.equal(await read(key), "KEY-ONE\n");
    assert.deepEqual(await kinds(() => stage(proven("KEY-TWO"))), ["staged"]);
    await kinds(replace, commit);
    assert.deepEqual(await kinds(() => stage(proven("KEY-TWO"))), ["unchanged"]);
  });

  it("is back at the previous ones when it cannot replace them all", async () => {
    await deliver(first());
    const folder = join(shell.folder, "run/folder");
    await mkdir(folder);
    const broken = { ...second(), files: { ...second().files, [folder]: "a folder is there" } };
    const [, replaced] = await kinds(() => stage(broken), replace);
    assert.equal(replaced, `the secrets could not be replaced, the previous ones are back (${folder} is a folder)`);
    assert.deepEqual([await read(key), await read(token)], ["KEY-ONE\n", "token one"]);
    assert.deepEqual(await kinds(restore), ["nothing"]);
  });

  it("gives a file to root while its owner does not exist, and says so", async () => {
    await stage({ ...first(), targets: { [token]: { owner: "nobody-yet", group: "nobody-yet" } } });
    const replaced = await replace();
    assert.deepEqual(replaced, {
      kind: "replaced",
      note: "root has for now what shall belong to nobody-yet:nobody-yet",
    });
    assert.equal((await stat(token)).uid, 0);
  });

  it("brings any bytes unchanged, in every shell of this machine", async () => {
    for (const sh of ["/usr/bin/dash", "/usr/bin/bash"]) {
      await using other = await localShell({ sh });
      const path = join(other.folder, "blob");
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          const secrets = testSecrets({ files: { [path]: bytes } });
          await stageSecrets(other, secrets, report, soon());
          await replaceSecrets(other, report, soon());
          await commitSecrets(other, report, soon());
          assert.deepEqual(new Uint8Array(await readFile(path)), bytes);
        }),
        { numRuns: 6 },
      );
    }
  });

  it("keeps nothing of what was cut on the way", async () => {
    const cut: LocalShell = {
      ...shell,
      exec: (command, options, signal) =>
        shell.exec(
          command,
          { ...options, ...(options.stdin === undefined ? {} : { stdin: options.stdin.slice(0, -9) }) },
          signal,
        ),
    };
    assert.deepEqual(await stageSecrets(cut, testSecrets(first()), report, soon()), {
      kind: "failed",
      reason: "the secrets did not arrive as a whole",
    });
    assert.equal(existsSync(join(shell.state, "secrets/incoming")), false);
    assert.deepEqual(await kinds(replace), ["nothing"]);
  });

  it("refuses targets that make no sense before anything is sent", async () => {
    const refused: readonly TestSecrets[] = [
      { files: { "relative/path": "x" } },
      { files: { "/etc/../shadow": "x" } },
      { files: { "/etc/a b": "x" } },
      { files: { [token]: "x" }, targets: { [token]: { mode: "777777" } } },
      { identities: { [key]: "" } },
      { identities: { [key]: "KEY" }, files: { [key]: "x" } },
      { files: { [token]: new Uint8Array(5 * 1024 * 1024) } },
    ];
    for (const secrets of refused) await assert.rejects(stage(secrets), SecretsError);
    assert.equal(existsSync(token), false);
  });

  it("says nothing secret: neither in commands nor in events nor in what a step answers", async () => {
    const words = JSON.stringify([await deliver(first()), await deliver(second()), events, shell.commands]);
    for (const secret of ["KEY-ONE", "KEY-TWO", "token one", "token two"]) {
      assert.ok(!words.includes(secret));
      assert.ok(!words.includes(Buffer.from(secret).toString("base64").slice(0, 8)));
    }
  });
});
