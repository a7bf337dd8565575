import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, it } from "mocha";
import { storageAccess } from "../../../cloud/gcp/access.ts";
import { GoogleCredentialsError } from "../../../cloud/gcp/errors.ts";

const never = new AbortController().signal;

describe("access to Google's cloud", () => {
  it("that is stated and cannot be used is told with what to do, and without a word of the key", async () => {
    const key = '{ "private_key": "-----BEGIN PRIVATE KEY-----" ';
    const config = (name: string): string | undefined => (name === "gcp:credentials" ? key : undefined);
    await assert.rejects(storageAccess({ config, env: {} }).token(never), (error) => {
      assert.ok(error instanceof GoogleCredentialsError);
      assert.match(error.message, /found: {4}neither a file that is there nor the JSON of a key/);
      assert.match(error.message, /fix: {6}gcloud auth application-default login/);
      assert.ok(!error.message.includes("PRIVATE KEY"));
      return true;
    });
  });

  it("that a file has which is no key is told without a word of the file, which may be a token", async () => {
    const name = "GOOGLE_APPLICATION_CREDENTIALS";
    const before = process.env[name];
    const folder = await mkdtemp(join(tmpdir(), "google-"));
    try {
      process.env[name] = join(folder, "token");
      await writeFile(process.env[name], "ya29.token\n");
      await assert.rejects(storageAccess({ config: () => undefined, env: {} }).token(never), (error) => {
        assert.ok(error instanceof GoogleCredentialsError);
        assert.match(error.message, /found: {4}Unable to read the credential file .*: it is not JSON\n/);
        assert.ok(!inspect(error).includes("ya29"));
        return true;
      });
    } finally {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
      await rm(folder, { recursive: true });
    }
  });

  it("is given up by whoever asked, although Google's library waits on", async () => {
    const silent = createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const address = silent.address();
      assert.ok(address !== null && typeof address === "object");
      const key = {
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `http://127.0.0.1:${address.port}/v1/token`,
        credential_source: { url: `http://127.0.0.1:${address.port}/subject` },
      };
      const config = (name: string): string | undefined =>
        name === "gcp:credentials" ? JSON.stringify(key) : undefined;
      const stop = new AbortController();
      silent.once("connection", () => stop.abort(new Error("^C")));
      await assert.rejects(storageAccess({ config, env: {} }).token(stop.signal), /\^C/);
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });
});
