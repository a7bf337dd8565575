import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { commitSecrets, replaceSecrets, restoreSecrets, stageSecrets } from "../../../deploy/secrets/secrets-phase.ts";
import { type LocalShell, localShell } from "../support/local-shell.ts";
import { type TestSecrets, testSecrets } from "../support/secrets.ts";
import { soon } from "../support/signals.ts";

const [user, group] = [4711, 4712];

describe("the keys of users", function () {
  this.timeout(60_000);
  let shell: LocalShell;
  let home: string;
  let path: string;
  beforeEach(async () => {
    shell = await localShell();
    home = join(shell.folder, "home/mina");
    path = join(home, ".config/sops/age/keys.txt");
    await mkdir(dirname(home));
  });
  afterEach(() => shell[Symbol.asyncDispose]());

  const moveIn = async (): Promise<void> => {
    await mkdir(home);
    await chown(home, user, group);
  };
  const own = (identity = "AGE-SECRET-KEY-1MINA"): TestSecrets => ({
    userIdentities: { [path]: `${identity}\n` },
    targets: { [path]: { owner: String(user), mode: "0600" } },
  });
  const ignore = (): void => undefined;
  const stage = (secrets: TestSecrets) => stageSecrets(shell, testSecrets(secrets), ignore, soon());
  const replace = () => replaceSecrets(shell, ignore, soon());
  const commit = () => commitSecrets(shell, ignore, soon());
  const deliver = async (secrets: TestSecrets) => {
    const results = [await stage(secrets), await replace(), await commit()];
    return results.map((result) => ("note" in result ? `${result.kind}: ${result.note}` : result.kind));
  };
  const put = async (text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await chown(dirname(path), user, group);
    await writeFile(path, text);
  };
  const read = (): Promise<string> => readFile(path, "utf8");
  const witness = async () => {
    const { uid, gid, mode } = await stat(path);
    return [uid, gid, (mode & 0o777).toString(8)];
  };

  it("come into the home as its user's own, readable by nobody else; the same ones are not sent again", async () => {
    await moveIn();
    assert.deepEqual(await deliver(own()), ["staged", "replaced", "committed"]);
    assert.deepEqual([await read(), await witness()], ["AGE-SECRET-KEY-1MINA\n", [user, group, "600"]]);
    const again = testSecrets(own());
    assert.equal((await stageSecrets(shell, again, ignore, soon())).kind, "unchanged");
    assert.equal(again.reads(), 0);
  });

  it("are added to others that are there, which is said; who opens the file to everybody finds it closed", async () => {
    await moveIn();
    await put("# mine\nAGE-SECRET-KEY-1OTHER");
    await chmod(path, 0o644);
    assert.deepEqual(await deliver(own()), ["staged", `replaced: beside other keys, which stay: ${path}`, "committed"]);
    const both = "# mine\nAGE-SECRET-KEY-1OTHER\nAGE-SECRET-KEY-1MINA\n";
    assert.deepEqual([await read(), await witness()], [both, [user, group, "600"]]);
    await deliver(own("AGE-SECRET-KEY-1NEXT"));
    assert.equal(await read(), `${both}AGE-SECRET-KEY-1NEXT\n`, "a former key is the user's to take away");
  });

  it("go back with a rollback: what was there is there again, or nothing", async () => {
    await moveIn();
    await put("AGE-SECRET-KEY-1OTHER\n");
    await chown(path, user, group);
    await stage(own());
    await replace();
    assert.match(await read(), /MINA/);
    assert.equal((await restoreSecrets(shell, ignore, soon())).kind, "restored");
    assert.equal(await read(), "AGE-SECRET-KEY-1OTHER\n");
  });

  it("wait for a home that the new system makes: no folder of root's is in its way", async () => {
    assert.deepEqual([(await stage(own())).kind, (await replace()).kind], ["staged", "replaced"]);
    assert.equal(existsSync(home), false);
    await moveIn(); // as the activation does
    assert.equal((await commit()).kind, "committed");
    assert.deepEqual([await read(), await witness()], ["AGE-SECRET-KEY-1MINA\n", [user, group, "600"]]);
  });

  it("of a user who never came are told, and come with the next deployment", async () => {
    assert.equal((await deliver(own())).at(-1), `committed: without a user or home for now: ${path}`);
    assert.equal(existsSync(home), false);
    await moveIn();
    assert.deepEqual(await deliver(own()), ["staged", "replaced", "committed"]);
    assert.equal(await read(), "AGE-SECRET-KEY-1MINA\n");
  });

  it("stay when they are not declared any more: the file is the user's", async () => {
    await moveIn();
    await deliver(own());
    const other = { files: { [join(shell.folder, "token")]: "x" } };
    assert.deepEqual(await deliver(other), ["staged", "replaced", "committed"]);
    assert.equal(await read(), "AGE-SECRET-KEY-1MINA\n");
  });
});
