import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { computeAccess } from "../../../cloud/gcp/access.ts";
import { type ComputeApi, computeApi } from "../../../cloud/gcp/compute-api.ts";
import { PlacementError } from "../../../cloud/gcp/errors.ts";
import { type PlacementRequest, placeNode, reservationOf } from "../../../cloud/gcp/place-node.ts";
import { type ComputeRest, startComputeRest } from "../../../sim/gcp/compute-rest.ts";
import { simState } from "../../../sim/hosts/sim-state.ts";
import { patience } from "../../deploy/support/signals.ts";

const request: PlacementRequest = {
  machine: "scheelite",
  project: "minerals-lab",
  machineType: "n1-standard-8",
  accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
  zones: ["us-central1-a", "us-central1-b", "us-central1-f"],
  zone: null,
};
const capacity = (zone: string) => ({ kind: "capacity", zone });
const reservation = (zone: string): string => `projects/minerals-lab/zones/${zone}/reservations/scheelite-placing`;

describe("the zone of a VM", () => {
  let directory: string;
  let rest: ComputeRest;
  let api: ComputeApi;
  let said: string[];
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "placement-"));
    rest = await startComputeRest(simState(directory), [], () => undefined);
    const env = {
      GOOGLE_COMPUTE_CUSTOM_ENDPOINT: `http://127.0.0.1:${rest.port}/compute/v1`,
      GOOGLE_OAUTH_ACCESS_TOKEN: "simulated",
    };
    api = computeApi(computeAccess({ config: () => undefined, env }));
  });
  after(async () => {
    await rest[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  afterEach(async () => {
    await rm(join(directory, "gcp.json"), { force: true });
    await rm(join(directory, "gcp-faults.json"), { force: true });
  });

  const faults = (...list: object[]): Promise<void> =>
    writeFile(join(directory, "gcp-faults.json"), JSON.stringify({ faults: list }));
  const place = (changes: Partial<PlacementRequest> = {}) => {
    said = [];
    return placeNode({ ...request, ...changes }, api, ({ message }) => said.push(message), patience());
  };
  const held = async (): Promise<string[]> => {
    const cloud: { resources: object } = JSON.parse(await readFile(join(directory, "gcp.json"), "utf8"));
    return Object.keys(cloud.resources);
  };
  const vmIn = (zone: string): Promise<void> => {
    const vm = (name: string) => ({ type: "gcp:compute/instance:Instance", inputs: { name }, outputs: {} });
    const resources = {
      "projects/minerals-lab/zones/europe-west4-a/instances/other": vm("other"),
      [`projects/minerals-lab/zones/${zone}/instances/scheelite`]: vm("scheelite"),
    };
    return writeFile(join(directory, "gcp.json"), JSON.stringify({ schema: 1, made: 1, resources }));
  };
  const refused = async (placing: Promise<unknown>): Promise<PlacementError> => {
    const error = await placing.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof PlacementError, String(error));
    return error;
  };

  it("is the first candidate, where room is held for it", async () => {
    assert.deepEqual(await place(), { zone: "us-central1-a", reservation: "scheelite-placing" });
    assert.deepEqual([await held(), said], [[reservation("us-central1-a")], []]);
  });

  it("is the next one where the first have no room, and each is told", async () => {
    await faults(capacity("us-central1-a"), capacity("us-central1-b"));
    assert.equal((await place()).zone, "us-central1-f");
    const shape = "n1-standard-8 with 1 × nvidia-tesla-t4";
    assert.deepEqual(said, [
      `us-central1-a has no room for ${shape}, trying us-central1-b`,
      `us-central1-b has no room for ${shape}, trying us-central1-f`,
    ]);
    assert.deepEqual(await held(), [reservation("us-central1-f")]);
  });

  it("is none where no candidate has room: what Google said of each is told", async () => {
    await faults(...request.zones.map(capacity));
    const { facts } = await refused(place());
    assert.equal(facts.summary, "scheelite: no zone has room for n1-standard-8 with 1 × nvidia-tesla-t4");
    for (const zone of request.zones)
      assert.match(facts.found, new RegExp(`^${zone}: ZONE_RESOURCE_POOL_EXHAUSTED: `, "m"));
  });

  it("is not looked for elsewhere when a quota is used up, which is named", async () => {
    await faults({ kind: "quota", metric: "NVIDIA_T4_GPUS", limit: 1 });
    const { facts } = await refused(place());
    assert.equal(facts.summary, "scheelite: quota NVIDIA_T4_GPUS of project minerals-lab is used up");
    assert.deepEqual(said, []);
  });

  it("can be named where nothing may be reserved: the error has the command, and the candidates that are left", async () => {
    await faults(capacity("us-central1-a"), { kind: "forbidden", permission: "compute.reservations.create" });
    const { facts } = await refused(place({ zones: ["us-central1-b", "us-central1-f"] }));
    assert.match(facts.found, /^HTTP 403: Required 'compute.reservations.create' permission/);
    assert.match(
      facts.fix,
      /config set --path pulumi-clan:nodes.scheelite.zone us-central1-b`, and after that us-central1-f$/,
    );
    assert.deepEqual(await place({ zone: "us-central1-b" }), { zone: "us-central1-b", reservation: null });
  });

  it("is where the VM is already, whatever the order of candidates", async () => {
    await vmIn("us-central1-f");
    assert.deepEqual(await place(), { zone: "us-central1-f", reservation: null });
    const { facts } = await refused(place({ zones: ["us-central1-a", "us-central1-b"] }));
    assert.match(facts.summary, /in another zone than all that are allowed/);
    assert.match(facts.fix, /^add us-central1-f /);
  });

  it("is found again by the run after one that was interrupted", async () => {
    await place();
    assert.equal((await place()).zone, "us-central1-a");
    assert.deepEqual(await held(), [reservation("us-central1-a")]);
  });

  it("is held by a name that Google takes, and that no other machine has", () => {
    const long = "a".repeat(62);
    const names = ["galena", `${long}b`, `${long}c`].map(reservationOf);
    assert.equal(new Set(names).size, 3);
    for (const name of names) assert.match(name, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });

  it("never repeats credentials that make no sense", async () => {
    const env = { GOOGLE_CREDENTIALS: '{"private_key": "-----BEGIN' };
    const { token } = computeAccess({ config: () => undefined, env });
    await assert.rejects(
      token(new AbortController().signal),
      (error: Error) => !error.message.includes("BEGIN") && error.cause === undefined,
    );
  });

  it("asks with the stack's or the environment's credentials, by the names of Google's own provider", async () => {
    const access = computeAccess({
      config: (key) => (key === "gcp:accessToken" ? "of the stack" : undefined),
      env: {},
    });
    assert.deepEqual(
      [access.endpoint, await access.token(new AbortController().signal)],
      ["https://compute.googleapis.com/compute/v1/", "of the stack"],
    );
  });
});
