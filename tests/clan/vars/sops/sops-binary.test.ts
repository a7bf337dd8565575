import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { dearmor, generateAgeKey, openNative, sealArmored } from "../../../../clan/vars/age/age-file.ts";
import { AgeProgramError } from "../../../../clan/vars/age/age-program.ts";
import { type OpenAge, openSopsBinary, sealSopsBinary } from "../../../../clan/vars/sops/sops-binary.ts";
import { recordedIdentity, recordedSops } from "./recorded-sops.ts";

const openWith =
  (...identities: string[]): OpenAge =>
  (armored) =>
    openNative(dearmor(Buffer.from(armored)), identities);

describe("a file of sops' binary store", () => {
  it("opens as sops itself wrote it", async () => {
    const opened = await openSopsBinary(recordedSops, openWith(recordedIdentity));
    assert.deepEqual(opened, { kind: "opened", content: Buffer.from("a secret of\ntwo lines\n") });
  });

  it("is read back with the key of any recipient, whatever it holds", async () => {
    const [one, two] = [await generateAgeKey(), await generateAgeKey()];
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (content) => {
        const text = await sealSopsBinary(content, [one.recipient, two.recipient], sealArmored, new Date());
        for (const { identity } of [one, two]) {
          const opened = await openSopsBinary(text, openWith(identity));
          assert.deepEqual(opened, { kind: "opened", content: Buffer.from(content) });
        }
      }),
      { numRuns: 20 },
    );
  });

  it("names its recipients to whoever has none of their keys", async () => {
    const [theirs, mine] = [await generateAgeKey(), await generateAgeKey()];
    const text = await sealSopsBinary(Buffer.from("words"), [theirs.recipient], sealArmored, new Date());
    const opened = await openSopsBinary(text, openWith(mine.identity));
    assert.deepEqual(opened, { kind: "no-key", recipients: [theirs.recipient] });
  });

  it("opens with the key of any recipient, also behind one whose key needs what is not there", async () => {
    const [theirs, mine] = [await generateAgeKey(), await generateAgeKey()];
    const words = { summary: "no such program", expected: "age", found: "none", at: "PATH", fix: "install age" };
    const withoutProgram =
      (identity: string): OpenAge =>
      async (armored, recipient) => {
        if (recipient === theirs.recipient) throw new AgeProgramError(words);
        return await openWith(identity)(armored, recipient);
      };
    const seal = (...recipients: string[]) => sealSopsBinary(Buffer.from("words"), recipients, sealArmored, new Date());
    const opened = await openSopsBinary(await seal(theirs.recipient, mine.recipient), withoutProgram(mine.identity));
    assert.deepEqual(opened, { kind: "opened", content: Buffer.from("words") });
    await assert.rejects(openSopsBinary(await seal(theirs.recipient), withoutProgram(mine.identity)), AgeProgramError);
  });

  it("is changed where its content, the time or the MAC is, and no sops file where it was cut", async () => {
    const key = await generateAgeKey();
    const text = await sealSopsBinary(Buffer.from("words"), [key.recipient], sealArmored, new Date());
    const other = await sealSopsBinary(Buffer.from("sword"), [key.recipient], sealArmored, new Date());
    const part = (from: string, pattern: RegExp): string => pattern.exec(from)?.[0] ?? assert.fail();
    const changes = [
      (whole: string) => whole.replace(/data:[^,]{2}/, "data:AA"),
      (whole: string) => whole.replace(/"lastmodified": "[^"]*"/, '"lastmodified": "2001-01-01T00:00:00Z"'),
      (whole: string) => whole.replace(/"mac": "[^"]*"/, part(other, /"mac": "[^"]*"/)),
      (whole: string) => whole.replace(/"mac": "[^"]*"/, '"mac": ""'),
      (whole: string) => whole.replace(/"data": "[^"]*"/, part(other, /"data": "[^"]*"/)),
      (whole: string) => whole.replace(/"data": "[^"]*"/, '"data": ""'),
      (whole: string) => whole.replace(/tag:[^,]{10}/, "tag:"),
    ];
    for (const change of changes)
      assert.equal((await openSopsBinary(change(text), openWith(key.identity))).kind, "changed", String(change));
    for (const cut of [0, 10, text.length >> 1, text.length - 3])
      assert.equal((await openSopsBinary(text.slice(0, cut), openWith(key.identity))).kind, "not-sops");
  });
});
