import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { z } from "zod";
import { stackFileSchema } from "../../clan/stack-file-schema.ts";

const root = resolve(import.meta.dirname, "..", "..");
// What an editor gets is text: read back from it, the schema is judged by another reader of JSON Schema than its writer.
const written = z.record(z.string(), z.json()).parse(JSON.parse(JSON.stringify(stackFileSchema())));
const editor = z.fromJSONSchema(written);
const accepts = (file: unknown): boolean => editor.safeParse(file).success;
const config = (own: Record<string, unknown>) => ({ config: own });

describe("the JSON Schema of Pulumi.<stack>.yaml", () => {
  it("accepts the committed stacks, which name it in their first line", async () => {
    const files = await Array.fromAsync(glob("Pulumi.*.yaml", { cwd: root }));
    assert.ok(files.length >= 4, files.join(" "));
    for (const file of files) {
      const text = await readFile(join(root, file), "utf8");
      const result = editor.safeParse(parse(text));
      assert.ok(result.success, `${file}: ${result.error?.message}`);
      assert.ok(text.startsWith("# yaml-language-server: $schema=docs/stack-config.schema.json\n"), file);
    }
  });

  it("refuses a key that is none of ours, at every depth", () => {
    assert.ok(!accepts(config({ "pulumi-clan:machnes": ["galena"] })));
    assert.ok(!accepts(config({ "pulumi-clan:hosts": { galena: { targethost: "root@192.0.2.1" } } })));
    assert.ok(!accepts({ confg: {} }));
  });

  it("refuses a value that reading the stack would refuse", () => {
    assert.ok(!accepts(config({ "pulumi-clan:machines": [] })));
    assert.ok(!accepts(config({ "pulumi-clan:nodes": { galena: { power: "maybe" } } })));
    assert.ok(!accepts(config({ "pulumi-clan:deadlineSeconds": 0 })));
  });

  it("leaves keys of other packages and Pulumi's own alone", () => {
    assert.ok(accepts({ config: { "gcp:project": "p", "aws:tags": { a: "b" } }, encryptionsalt: "v1:x" }));
    assert.ok(accepts({ secretsprovider: "gcpkms://projects/p", encryptedkey: "x", config: null }));
  });

  it("takes an encrypted text wherever a text may stand", () => {
    const secure = { secure: "v1:abc" };
    assert.ok(accepts(config({ "pulumi-clan:sudoPassword": secure })));
    assert.ok(accepts(config({ "pulumi-clan:hosts": { galena: { targetHost: secure } } })));
    assert.ok(!accepts(config({ "pulumi-clan:impure": secure })));
  });

  it("takes a node's power as YAML may read it, and numbers as `pulumi config set` writes them", () => {
    assert.ok(accepts(config({ "pulumi-clan:nodes": { galena: { power: false } } })));
    assert.ok(accepts(config({ "pulumi-clan:deadlineSeconds": "600", "pulumi-clan:impure": "true" })));
    assert.ok(!accepts(config({ "pulumi-clan:deadlineSeconds": "soon" })));
  });
});
