import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { storageAccess } from "../../../cloud/gcp/access.ts";
import { GoogleCredentialsError } from "../../../cloud/gcp/errors.ts";

describe("access to Google's cloud", () => {
  it("that is stated and cannot be used is told with what to do, and without a word of the key", async () => {
    const key = '{ "private_key": "-----BEGIN PRIVATE KEY-----" ';
    const config = (name: string): string | undefined => (name === "gcp:credentials" ? key : undefined);
    await assert.rejects(storageAccess({ config, env: {} }).token(), (error) => {
      assert.ok(error instanceof GoogleCredentialsError);
      assert.match(error.message, /found: {4}neither a file that is there nor the JSON of a key/);
      assert.match(error.message, /fix: {6}gcloud auth application-default login/);
      assert.ok(!error.message.includes("PRIVATE KEY"));
      return true;
    });
  });
});
