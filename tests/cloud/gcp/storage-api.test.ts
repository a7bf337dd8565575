import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { GcpApiError } from "../../../cloud/gcp/errors.ts";
import { type StorageApi, storageApi } from "../../../cloud/gcp/storage-api.ts";
import { type ComputeRest, startComputeRest } from "../../../sim/gcp/compute-rest.ts";
import { simState } from "../../../sim/hosts/sim-state.ts";
import { patience } from "../../deploy/support/signals.ts";

const at = (port: number): StorageApi =>
  storageApi({ endpoint: `http://127.0.0.1:${port}/storage/v1/`, token: () => Promise.resolve("simulated") });

describe("an object in a bucket", () => {
  let directory: string;
  let rest: ComputeRest;
  let api: StorageApi;
  let file: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "storage-"));
    file = join(directory, "image.raw.tar.gz");
    await writeFile(file, Buffer.alloc(3_000_000, "galena"));
    const bucket = { type: "gcp:storage/bucket:Bucket", inputs: {}, outputs: {} };
    const cloud = { schema: 1, made: 1, resources: { images: bucket } };
    await writeFile(join(directory, "gcp.json"), JSON.stringify(cloud));
    rest = await startComputeRest(simState(directory), [], () => undefined);
    api = at(rest.port);
  });
  after(async () => {
    await rest[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  it("has the file's bytes, and goes; none there is success", async () => {
    const object = { bucket: "images", name: "galena/image.raw.tar.gz" };
    await api.upload(object, file, patience());
    const cloud: { resources: Record<string, { outputs: { file: string; size: string } }> } = JSON.parse(
      await readFile(join(directory, "gcp.json"), "utf8"),
    );
    const stored = cloud.resources["b/images/o/galena/image.raw.tar.gz"]?.outputs;
    assert.equal(stored?.size, "3000000");
    assert.deepEqual(await readFile(stored.file), await readFile(file));
    await api.remove(object, patience());
    await api.remove(object, patience());
  });

  it("is refused where there is no bucket, with Google's words", async () => {
    await assert.rejects(api.upload({ bucket: "none", name: "x" }, file, patience()), (error) => {
      assert.ok(error instanceof GcpApiError);
      return error.kind === "missing" && error.message === "HTTP 404: The specified bucket does not exist.";
    });
  });

  it("counts as sent only when the same bytes arrived", async () => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.end(JSON.stringify({ size: "3000000", md5Hash: "AAAA" })));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // A server that listens on TCP has an address of this form. Source: node:net, server.address().
    const { port } = server.address() as AddressInfo;
    try {
      const sent = at(port).upload({ bucket: "images", name: "x" }, file, patience());
      await assert.rejects(sent, /gs:\/\/images\/x: 3000000 bytes with md5 AAAA arrived, 3000000 with \S+ were sent/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
