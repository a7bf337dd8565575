import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generateAgeKey, recipientOf, sealNative } from "../../../../clan/vars/age/age-file.ts";
import { findOperatorKeys } from "../../../../clan/vars/age/operator-keys.ts";

describe("an operator's age keys", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "operator-keys-"));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const put = async (path: string, text: string): Promise<string> => {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  };
  const find = (env: Record<string, string> = {}, platform: NodeJS.Platform = "linux") =>
    findOperatorKeys({ env, home, platform });
  const soon = () => AbortSignal.timeout(30_000);

  it("are found in the variables and in the default file of each system", async () => {
    const key = await generateAgeKey();
    const text = `# created: today\n# public key: ${key.recipient}\n${key.identity}\n`;
    const elsewhere = await put("elsewhere.txt", text);
    assert.deepEqual(await (await find({ SOPS_AGE_KEY: key.identity })).recipients(), [key.recipient]);
    assert.deepEqual(await (await find({ SOPS_AGE_KEY_FILE: elsewhere })).recipients(), [key.recipient]);
    assert.deepEqual(await (await find()).recipients(), []);
    await put(".config/sops/age/keys.txt", text);
    assert.deepEqual(await (await find()).recipients(), [key.recipient]);
    assert.deepEqual(await (await find({}, "darwin")).recipients(), []);
    await put("Library/Application Support/sops/age/keys.txt", text);
    assert.deepEqual(await (await find({}, "darwin")).recipients(), [key.recipient]);
    assert.deepEqual(await (await find({ XDG_CONFIG_HOME: join(home, "none") })).recipients(), []);
  });

  it("open what is encrypted to one of them, and nothing else", async () => {
    const [mine, theirs] = [await generateAgeKey(), await generateAgeKey()];
    const keys = await find({ SOPS_AGE_KEY: mine.identity });
    const words = Buffer.from("words");
    assert.deepEqual(
      Buffer.from(
        (await keys.open(await sealNative(words, [theirs.recipient, mine.recipient]), undefined, soon())) ?? "",
      ),
      words,
    );
    assert.equal(await keys.open(await sealNative(words, [theirs.recipient]), undefined, soon()), undefined);
  });

  it("are also looked for where clan's age back end looks, where that is the one", async () => {
    const [stated, named, kept] = [await generateAgeKey(), await generateAgeKey(), await generateAgeKey()];
    const AGE_KEYFILE = await put("named.txt", named.identity);
    await put(".age/key.txt", kept.identity);
    const places = { env: { AGE_KEY: stated.identity, AGE_KEYFILE }, home, platform: "darwin" } as const;
    const ofAge = await findOperatorKeys(places, "age");
    assert.deepEqual(await ofAge.recipients(), [stated.recipient, named.recipient, kept.recipient]);
    assert.deepEqual(await (await findOperatorKeys(places)).recipients(), []);
  });

  it("are passed over where they cannot be read: a look for a key is no reason to fail", async () => {
    await mkdir(join(home, ".config/sops/age/keys.txt"), { recursive: true });
    const { searched } = await find();
    assert.ok(searched.includes(`${join(home, ".config/sops/age/keys.txt")} (cannot be read)`), searched.join("\n"));
  });

  it("may open what names one of them; of SSH keys and plugins only their kind is known", async () => {
    const [mine, theirs] = [await generateAgeKey(), await generateAgeKey()];
    const [ssh, plugin] = ["ssh-ed25519 AAAA", "age1yubikey1qqqq"];
    const keys = await find({ SOPS_AGE_KEY: mine.identity });
    const may = (found: Awaited<ReturnType<typeof find>>, ...recipients: string[]) => found.mayOpen(recipients);
    assert.deepEqual(
      [await may(keys, theirs.recipient, mine.recipient), await may(keys, theirs.recipient)],
      [true, false],
    );
    assert.deepEqual([await may(keys, ssh), await may(keys, plugin), await may(keys)], [false, false, false]);
    await put(".ssh/id_ed25519", "a private key");
    const more = await find({ SOPS_AGE_KEY: "AGE-PLUGIN-YUBIKEY-1QQQQ" });
    assert.deepEqual(
      [await may(more, ssh), await may(more, plugin), await may(more, mine.recipient)],
      [true, true, false],
    );
  });

  it("are not told when one is damaged: with one wrong letter it is as good as the key", async () => {
    const [key, other] = [await generateAgeKey(), await generateAgeKey()];
    const damaged = `${key.identity.slice(0, -1)}${key.identity.endsWith("Q") ? "P" : "Q"}`;
    await put(".config/sops/age/keys.txt", `${damaged}\n${other.identity}\n`);
    const keys = await find({ SOPS_AGE_KEY: damaged });
    const sealed = (recipient: string) => sealNative(Buffer.from("words"), [recipient]);
    assert.equal(
      Buffer.from((await keys.open(await sealed(other.recipient), undefined, soon())) ?? "").toString(),
      "words",
    );
    assert.equal(await keys.open(await sealed(key.recipient), undefined, soon()), undefined);
    assert.deepEqual(await keys.recipients(), [other.recipient]);
    assert.deepEqual(keys.searched.slice(0, 2), [
      "SOPS_AGE_KEY (0 keys, 1 damaged)",
      `${home}/.config/sops/age/keys.txt (1 key, 1 damaged)`,
    ]);
    await assert.rejects(recipientOf(damaged), { message: "no age key, or a damaged one" });
  });

  it("are told by their places alone: no key is in a message, in JSON or in a log", async () => {
    const key = await generateAgeKey();
    await put(".ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const keys = await find({ SOPS_AGE_KEY: key.identity });
    const shown = [inspect(keys), JSON.stringify({ keys }), String(keys), keys.searched.join("\n")].join("\n");
    assert.ok(!shown.includes("AGE-SECRET-KEY") && !shown.includes("PRIVATE"), shown);
    assert.deepEqual(keys.searched, [
      "SOPS_AGE_KEY (1 key)",
      `${home}/.config/sops/age/keys.txt (not there)`,
      `${home}/.ssh/id_ed25519 (an SSH key)`,
      `${home}/.ssh/id_rsa (not there)`,
    ]);
  });
});
