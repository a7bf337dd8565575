import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { commitSecrets, replaceSecrets, restoreSecrets, stageSecrets } from "../../../deploy/secrets/secrets-phase.ts";
import { addProgram, copyTree, type LocalShell, localShell } from "../support/local-shell.ts";
import { type TestSecrets, testSecrets } from "../support/secrets.ts";

/** What changes files. A cut comes before the n-th of them, or in the middle of what it writes. */
const changing = ["mv", "cp", "rm", "mkdir", "chmod", "cat", "base64"];

const report = (): void => undefined;
const soon = (): AbortSignal => AbortSignal.timeout(60_000);

describe("secrets whose delivery is cut", function () {
  this.timeout(240_000);
  let shell: LocalShell;
  let key: string;
  let token: string;
  let fresh: string;
  before(async () => {
    shell = await localShell();
    key = join(shell.folder, "host/sops/key.txt");
    token = join(shell.folder, "host/token");
    fresh = join(shell.folder, "host/fresh");
    for (const name of changing) await addProgram(shell, name, shim(name));
    await deliver(one());
    await keep("committed");
    await stage(two());
    await keep("staged");
    await replaceSecrets(shell, report, soon());
    await keep("replaced");
  });
  after(() => shell[Symbol.asyncDispose]());

  const one = (): TestSecrets => ({ identities: { [key]: "KEY-ONE\n" }, files: { [token]: "token one\n" } });
  const two = (): TestSecrets => ({
    identities: { [key]: "KEY-TWO\n" },
    files: { [token]: "token two\n", [fresh]: "fresh\n" },
    targets: { [token]: { mode: "0440" } },
  });
  const stage = (secrets: TestSecrets) => stageSecrets(shell, testSecrets(secrets), report, soon());
  const deliver = async (secrets: TestSecrets): Promise<void> => {
    const staged = await stage(secrets);
    if (staged.kind === "unchanged") return;
    assert.equal((await replaceSecrets(shell, report, soon())).kind, "replaced");
    assert.equal((await commitSecrets(shell, report, soon())).kind, "committed");
  };

  // The shell and all it started end at once, as in a power loss.
  const shim = (name: string): string => `#!/bin/sh
if [ -e ${shell.folder}/cut ]; then
  printf x >>${shell.folder}/calls
  if [ "$(/usr/bin/wc -c <${shell.folder}/calls)" -gt "$(/usr/bin/cat ${shell.folder}/cut)" ]; then
    case ${name} in cat | base64) /usr/bin/${name} "$@" | /usr/bin/head -c 3 ;; esac
    kill -9 0
  fi
fi
exec /usr/bin/${name} "$@"
`;

  const keep = async (name: string): Promise<void> => {
    await copyTree(join(shell.folder, "host"), join(shell.folder, `kept-${name}/host`));
    await copyTree(shell.state, join(shell.folder, `kept-${name}/state`));
  };
  const goTo = async (name: string): Promise<void> => {
    for (const part of ["host", "state"]) {
      await rm(join(shell.folder, part), { recursive: true });
      await copyTree(join(shell.folder, `kept-${name}/${part}`), join(shell.folder, part));
    }
  };
  const host = async (): Promise<Readonly<Record<string, string>>> => {
    const names = (await readdir(join(shell.folder, "host"), { recursive: true })).filter(
      (name) => !/^sops$/.test(name),
    );
    const entries = names.toSorted().map(async (name) => {
      const path = join(shell.folder, "host", name);
      return [name, `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, "utf8")}`] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  };
  const before1 = { "sops/key.txt": "400 KEY-ONE\n", token: "400 token one\n" };
  const after2 = { fresh: "400 fresh\n", "sops/key.txt": "400 KEY-TWO\n", token: "440 token two\n" };

  /** Runs an action with a cut at every point, until it needs no more. @returns number of points */
  const everywhere = async (
    from: string,
    action: () => Promise<{ readonly kind: string }>,
    check: (point: number) => Promise<void>,
  ): Promise<number> => {
    for (let point = 0; point < 200; point++) {
      await goTo(from);
      await writeFile(join(shell.folder, "calls"), "");
      await writeFile(join(shell.folder, "cut"), String(point));
      const { kind } = await action();
      await rm(join(shell.folder, "cut"));
      if (kind !== "failed") return point;
      await consistent(`${from}, cut at ${point}`);
      await check(point);
    }
    return assert.fail("no end");
  };

  /** Whole files only, and a key for what lies there. */
  const consistent = async (where: string): Promise<void> => {
    const content = await readFile(key, "utf8");
    assert.match(content, /^(?:KEY-TWO\n)?(?:KEY-ONE\n)?$/, where);
    const words = await readFile(token, "utf8");
    assert.ok(words === "token one\n" || words === "token two\n", where);
    if (words === "token one\n") assert.match(content, /KEY-ONE/, where);
    else assert.match(content, /KEY-TWO/, where);
    if (existsSync(fresh)) assert.equal(await readFile(fresh, "utf8"), "fresh\n", where);
  };

  const ended = async (expected: Readonly<Record<string, string>>, where: string): Promise<void> => {
    assert.deepEqual(await host(), expected, where);
    assert.deepEqual((await readdir(join(shell.state, "secrets"))).toSorted(), ["installed", "phase.sh"], where);
  };
  const endedNew = async (where: string): Promise<void> => {
    await deliver(two());
    await ended(after2, where);
    assert.equal((await stage(two())).kind, "unchanged");
  };
  const endedOld = async (where: string): Promise<void> => {
    const { kind } = await restoreSecrets(shell, report, soon());
    assert.ok(kind === "restored" || kind === "nothing", `${where}: ${kind}`);
    await stage(one()); // clears what is half sent
    await ended(before1, where);
  };

  it("leave the previous ones while they are sent, and are sent again", async () => {
    const points = await everywhere(
      "committed",
      () => stage(two()),
      async (point) => {
        assert.deepEqual(await host(), before1);
        await (point % 2 === 0 ? endedNew : endedOld)(`staging ${point}`);
      },
    );
    assert.ok(points > 5, String(points));
  });

  it("leave whole files and both identities while they are replaced, for the way on and the way back", async () => {
    const points = await everywhere(
      "staged",
      () => replaceSecrets(shell, report, soon()),
      async (point) => {
        assert.match(await readFile(key, "utf8"), /KEY-ONE/);
        await (point % 2 === 0 ? endedOld : endedNew)(`replacing ${point}`);
      },
    );
    assert.ok(points > 15, String(points));
  });

  it("are committed by whoever comes next", async () => {
    const points = await everywhere(
      "replaced",
      () => commitSecrets(shell, report, soon()),
      async (point) => {
        assert.match(await readFile(key, "utf8"), /KEY-TWO/);
        await endedNew(`committing ${point}`);
      },
    );
    assert.ok(points > 10, String(points));
  });

  it("are put back by whoever comes next", async () => {
    const points = await everywhere(
      "replaced",
      () => restoreSecrets(shell, report, soon()),
      async (point) => {
        assert.match(await readFile(key, "utf8"), /KEY-ONE/);
        await (point % 3 === 0 ? endedNew : endedOld)(`restoring ${point}`);
      },
    );
    assert.ok(points > 8, String(points));
  });
});
