import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { atomically } from "../../../scripts/setup/atomically.mjs";
import { isStale, tryLock } from "../../../scripts/setup/lock.mjs";

const checkout = join(import.meta.dirname, "..", "..", "..");

describe("setup", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "setup-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("puts a build in its place only when it is whole and works", async () => {
    const target = join(dir, "tool");
    const fill = (text: string) => async (making: string) => writeFileSync(join(making, "bin"), text);
    const verify = (making: string): void => assert.equal(readFileSync(join(making, "bin"), "utf8"), "good");
    await assert.rejects(
      atomically(target, () => Promise.reject(new Error("cut")), verify),
      /cut/,
    );
    assert.equal(existsSync(target), false);
    await assert.rejects(atomically(target, fill("bad"), verify));
    assert.equal(existsSync(target), false);
    await atomically(target, fill("good"), verify);
    assert.deepEqual(readdirSync(dir), ["tool"]);
  });

  it("starts anew where an attempt was interrupted, and keeps the old build until the new one works", async () => {
    const target = join(dir, "tool");
    mkdirSync(`${target}.making`);
    writeFileSync(join(`${target}.making`, "rest"), "");
    mkdirSync(target);
    writeFileSync(join(target, "old"), "");
    await assert.rejects(
      atomically(
        target,
        () => Promise.reject(new Error("cut")),
        () => undefined,
      ),
    );
    assert.deepEqual(readdirSync(target), ["old"]);
    await atomically(
      target,
      async (making) => writeFileSync(join(making, "new"), ""),
      () => undefined,
    );
    assert.deepEqual(readdirSync(target), ["new"]);
  });

  it("lets one run at a time, and knows a lock whose holder is gone", () => {
    const path = join(dir, "lock");
    assert.equal(tryLock(path), true);
    assert.equal(tryLock(path), false);
    assert.equal(isStale(readFileSync(path, "utf8")), false);
    const { pid } = spawnSync("true");
    assert.equal(isStale(`${hostname()} ${pid}`), true);
    assert.equal(isStale(`another-machine ${pid}`), false);
  });

  it("only reports with --check, and says how each missing part comes", () => {
    const script = join(checkout, "scripts", "setup", "setup.sh");
    const cache = join(dir, "cache");
    const env = {
      ...process.env,
      PULUMI_CLAN_CACHE: cache,
      PULUMI_HOME: join(cache, "pulumi-home"),
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    };
    const { status, stdout } = spawnSync(script, ["--check"], { encoding: "utf8", env });
    assert.equal(status, 1);
    const missing = stdout.split("\n").filter((line) => line.includes(": missing: "));
    assert.match(
      missing.join("\n"),
      /^setup: Node [\d.]+: missing: plugins and tests run on Node .*; it comes with: npm run setup$/m,
    );
    assert.equal(existsSync(cache), false);
  });

  it("refuses an option it does not know", () => {
    const { status, stdout } = spawnSync(join(checkout, "scripts", "setup", "setup.sh"), ["--chek"], {
      encoding: "utf8",
    });
    assert.deepEqual(
      { status, stdout },
      { status: 2, stdout: "setup: unknown option --chek; usage: npm run setup [-- --check] [--quiet]\n" },
    );
  });
});
