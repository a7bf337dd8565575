import assert from "node:assert/strict";
import { chmod, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { AgeProgramError } from "../../../clan/vars/age/age-program.ts";
import { findOperatorKeys } from "../../../clan/vars/age/operator-keys.ts";
import { SecretFileError, SecretIdentityError } from "../../../clan/vars/errors.ts";
import { openSecret } from "../../../clan/vars/open-secret.ts";
import { makeKeyPair } from "../../../deploy/ssh/key-pair.ts";
import { tryCommand } from "../../../sim/hosts/run-command.ts";
import { watchWork } from "../../../trace.ts";
import { patience } from "../../deploy/support/signals.ts";
import { ClanFolder } from "./support/clan-folder.ts";
import { findSecretTools } from "./support/secret-tools.ts";

const path = "vars/per-machine/galena/wifi/psk/secret";

describe("opening a secret", () => {
  let clan: ClanFolder;
  beforeEach(async () => {
    clan = await ClanFolder.create();
  });
  afterEach(() => clan[Symbol.asyncDispose]());
  const open = async (cipher: "sops" | "age" = "sops"): Promise<Uint8Array> =>
    openSecret(clan.root, { path, cipher }, "galena", await clan.findKeys(), patience());

  it("gives exactly what was encrypted, in either of clan's back ends", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await clan.seal(path, bytes, [clan.operator.recipient]);
    assert.deepEqual(Uint8Array.from(await open()), bytes);
    const { identity } = await clan.ageKeyFor("galena");
    const key = { path: "secrets/age-keys/machines/galena/key.age", cipher: "age" } as const;
    const opened = await openSecret(clan.root, key, "galena", await clan.findKeys(), patience());
    assert.equal(Buffer.from(opened).toString(), `${identity}\n`);
  });

  it("names what cannot be read: no file, no sops file, a changed one, an age file that was cut", async () => {
    await assert.rejects(open(), /found: {4}no such file/);
    await clan.write(path, "words");
    await assert.rejects(open(), /found: {4}no JSON of sops' binary store/);
    await clan.seal(path, "words", [clan.operator.recipient]);
    const text = await readFile(join(clan.root, path), "utf8");
    await clan.write(path, text.replace(/"mac": "[^"]*"/, '"mac": ""'));
    await assert.rejects(open(), /found: {4}its content or its MAC was changed/);
    await clan.write(path, new Uint8Array(9 * 2 ** 20));
    for (const cipher of ["sops", "age"] as const)
      await assert.rejects(open(cipher), /found: {4}9\.0 MiB\n.*\n {2}fix: {6}no secret is larger than 8 MiB/);
    await clan.ageKeyFor("galena");
    const whole = await readFile(join(clan.root, "secrets/age-keys/machines/galena/key.age"));
    await clan.write(path, whole.subarray(0, whole.length - 5));
    await assert.rejects(open("age"), SecretFileError);
  });

  it("is nobody's but the recipients'", async () => {
    await clan.seal(path, "words", [(await clan.keyFor("basalt")).recipient]);
    await assert.rejects(open(), SecretIdentityError);
  });
});

const tools = findSecretTools();

/** A run of all tests builds them (scripts/setup/secret-tools.sh); elsewhere there may be none. */
(tools === undefined ? describe.skip : describe)("secrets of sops' and age's own programs", function () {
  this.timeout(60_000);
  let clan: ClanFolder;
  const former = process.env["PATH"];
  beforeEach(async () => {
    clan = await ClanFolder.create();
    process.env["PATH"] = [tools, former].join(delimiter);
  });
  afterEach(async () => {
    process.env["PATH"] = former;
    await clan[Symbol.asyncDispose]();
  });
  const sops = async (args: readonly string[]): Promise<string> => {
    const env = { ...process.env, SOPS_AGE_KEY: clan.operator.identity };
    const ended = await tryCommand(join(tools ?? "", "sops"), args, { env }, patience());
    assert.equal(ended.exitCode, 0, ended.stderr);
    return ended.stdout;
  };
  const encrypt = async (content: string, recipient: string): Promise<string> => {
    await clan.write("plain", content);
    const types = ["--input-type", "binary", "--output-type", "json"];
    return await sops(["--encrypt", "--age", recipient, ...types, join(clan.root, "plain")]);
  };

  it("are read here, and those written here are read and edited there", async () => {
    await clan.write(path, await encrypt("two\nlines", clan.operator.recipient));
    const opened = await openSecret(clan.root, { path, cipher: "sops" }, "galena", await clan.findKeys(), patience());
    assert.equal(Buffer.from(opened).toString(), "two\nlines");
    await clan.seal(path, "written here", [clan.operator.recipient]);
    const file = join(clan.root, path);
    const decrypt = ["--decrypt", "--input-type", "json", "--output-type", "binary", file];
    assert.equal(await sops(decrypt), "written here");
    const colleague = (await clan.keyFor("colleague")).recipient;
    await sops(["rotate", "--in-place", "--input-type", "json", "--output-type", "json", "--add-age", colleague, file]);
    const again = await openSecret(clan.root, { path, cipher: "sops" }, "galena", await clan.findKeys(), patience());
    assert.equal(Buffer.from(again).toString(), "written here");
  });

  it("are opened with an SSH key by the age program, which is asked for by name where it is not there", async () => {
    const { privateKey: key, publicKey: line } = makeKeyPair();
    const file = join(clan.root, "id_ed25519");
    await clan.write("id_ed25519", key);
    await chmod(file, 0o600);
    await clan.write(path, await encrypt("for the SSH key", line));
    const env = { SOPS_AGE_SSH_PRIVATE_KEY_FILE: file };
    const keys = await findOperatorKeys({ env, home: clan.root, platform: "linux" });
    const open = () => openSecret(clan.root, { path, cipher: "sops" }, "galena", keys, patience());
    const kinds = new Set<string>();
    using _watch = watchWork(({ work }) => kinds.add(work.kind));
    assert.equal(Buffer.from(await open()).toString(), "for the SSH key");
    assert.ok(kinds.has("question")); // nothing else is written where it asks for the key's passphrase
    process.env["PATH"] = join(clan.root, "nothing");
    await assert.rejects(open(), AgeProgramError);
  });
});
