import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "mocha";
import { type ComputeApi, computeApi } from "../../../cloud/gcp/compute-api.ts";
import { GcpApiError } from "../../../cloud/gcp/errors.ts";
import { removeMetadata } from "../../../cloud/gcp/vm-metadata.ts";
import { type ComputeRest, startComputeRest } from "../../../sim/gcp/compute-rest.ts";
import { simState } from "../../../sim/hosts/sim-state.ts";
import { patience } from "../../deploy/support/signals.ts";

const vm = { project: "minerals-lab", zone: "us-central1-b", name: "galena" };
const id = "projects/minerals-lab/zones/us-central1-b/instances/galena";

describe("the metadata of a VM", () => {
  let directory: string;
  let rest: ComputeRest;
  let api: ComputeApi;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "metadata-"));
    rest = await startComputeRest(simState(directory), [], () => undefined);
    api = computeApi({
      endpoint: `http://127.0.0.1:${rest.port}/compute/v1/`,
      token: () => Promise.resolve("simulated"),
    });
  });
  after(async () => {
    await rest[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await rm(join(directory, "gcp-faults.json"), { force: true });
    await vmWith({ "ssh-keys": "root:ssh-ed25519 AAAA", "enable-oslogin": "FALSE", note: "tara's" });
  });

  const vmWith = (metadata: object): Promise<void> => {
    const one = { type: "gcp:compute/instance:Instance", inputs: { name: "galena", metadata }, outputs: {} };
    return writeFile(join(directory, "gcp.json"), JSON.stringify({ schema: 1, made: 1, resources: { [id]: one } }));
  };
  const kept = async (): Promise<object | undefined> => {
    const cloud: { resources: Record<string, { inputs: { metadata: object } }> } = JSON.parse(
      await readFile(join(directory, "gcp.json"), "utf8"),
    );
    return cloud.resources[id]?.inputs.metadata;
  };

  it("loses the keys that are named and keeps the rest, whoever put it there", async () => {
    assert.deepEqual(await removeMetadata(vm, ["ssh-keys", "startup-script"], api, patience()), ["ssh-keys"]);
    assert.deepEqual(await kept(), { "enable-oslogin": "FALSE", note: "tara's" });
  });

  it("is not written where nothing is to be taken out, nor where the VM is gone", async () => {
    const readOnly = { ...api, writeMetadata: () => Promise.reject(new Error("it was written")) };
    assert.deepEqual(await removeMetadata(vm, ["startup-script"], readOnly, patience()), []);
    assert.deepEqual(await removeMetadata({ ...vm, name: "gone" }, ["ssh-keys"], readOnly, patience()), []);
  });

  it("is read anew where somebody changed it meanwhile: his change stays", async () => {
    let reads = 0;
    const raced = {
      ...api,
      readMetadata: async (...args: Parameters<ComputeApi["readMetadata"]>) => {
        const read = await api.readMetadata(...args);
        if (reads++ === 0) await vmWith({ "ssh-keys": "root:ssh-ed25519 BBBB", note: "crs58's" });
        return read;
      },
    };
    assert.deepEqual(await removeMetadata(vm, ["ssh-keys"], raced, patience()), ["ssh-keys"]);
    assert.deepEqual([reads, await kept()], [2, { note: "crs58's" }]);
  });

  it("stays where it may not be changed, which is an error with the permission", async () => {
    const faults = [{ kind: "forbidden", permission: "compute.instances.setMetadata" }];
    await writeFile(join(directory, "gcp-faults.json"), JSON.stringify({ faults }));
    await assert.rejects(removeMetadata(vm, ["ssh-keys"], api, patience()), (error) => {
      assert.ok(error instanceof GcpApiError);
      assert.match(error.message, /Required 'compute\.instances\.setMetadata' permission/);
      return error.kind === "forbidden";
    });
  });
});
