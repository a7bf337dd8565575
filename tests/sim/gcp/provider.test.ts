import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { objectsAt, type Properties, unknown } from "../../../sim/gcp/property-values.ts";
import { type GcpStandIn, startGcpStandIn } from "../../../sim/gcp/start-gcp-stand-in.ts";
import type { HostSpec } from "../../../sim/hosts/host-spec.ts";
import { hostStatus } from "../../../sim/hosts/host-status.ts";
import { prepareHost } from "../../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation, soon } from "../hosts/own-simulation.ts";
import { type ProviderClient, providerClient } from "./provider-client.ts";

const instanceUrn = "urn:pulumi:local::fleet::clan:gcp:Node$gcp:compute/instance:Instance::node-vm";
const addressUrn = "urn:pulumi:local::fleet::clan:gcp:Node$gcp:compute/address:Address::node-address";
const firewallUrn = "urn:pulumi:local::fleet::clan:gcp:Node$gcp:compute/firewall:Firewall::node-ssh";

describe("stand-in of the Google provider", function () {
  this.timeout(60_000);
  let simulation: OwnSimulation;
  let standIn: GcpStandIn;
  let provider: ProviderClient;
  let machine: HostSpec;
  let inputs: Properties;
  let id: string;
  let outputs: Properties;

  const natIp = (from: Properties): unknown =>
    objectsAt(from, "networkInterfaces").flatMap((nic) => objectsAt(nic, "accessConfigs"))[0]?.["natIp"];
  const faults = (...list: Properties[]): Promise<void> =>
    writeFile(join(simulation.state.directory, "gcp-faults.json"), JSON.stringify({ faults: list }));

  before(async () => {
    simulation = await ownSimulation();
    machine = simulation.host("nixos");
    standIn = await startGcpStandIn(() => undefined, simulation.state, [machine]);
    provider = providerClient(standIn.port);
    inputs = {
      name: machine.name,
      project: "p",
      zone: "us-central1-b",
      machineType: "e2-standard-8",
      labels: { "pulumi-clan-machine": machine.name },
      bootDisk: { initializeParams: { image: "debian-cloud/debian-12", size: 20 } },
      networkInterfaces: [{ network: "default", accessConfigs: [{}] }],
      desiredStatus: "RUNNING",
    };
  });
  after(async () => {
    provider[Symbol.dispose]();
    await standIn[Symbol.asyncDispose]();
    await simulation[Symbol.asyncDispose]();
  });

  it("supports previews and fills in project and zone of its configuration", async () => {
    assert.equal(await provider.configure({ project: "conf", zone: "us-east1-b" }), true);
    const { project: _, zone: __, ...bare } = inputs;
    const { inputs: completed, failures } = await provider.check(instanceUrn, bare);
    assert.deepEqual(failures, []);
    assert.deepEqual([completed["project"], completed["zone"]], ["conf", "us-east1-b"]);
  });

  it("names what is missing, and a resource without name", async () => {
    const { inputs: completed, failures } = await provider.check(instanceUrn, {
      zone: "us-central1-b",
      project: "p",
      desiredStatus: "OFF",
    });
    assert.deepEqual(failures, [
      "bootDisk: Missing required argument",
      "machineType: Missing required argument",
      "networkInterfaces: Missing required argument",
      "desiredStatus: expected desired_status to be one of [RUNNING TERMINATED SUSPENDED], got OFF",
    ]);
    assert.match(String(completed["name"]), /^node-vm-[0-9a-f]{7}$/);
  });

  it("knows nothing computed in a preview, and makes nothing", async () => {
    const preview = await provider.create(instanceUrn, inputs, true);
    assert.equal(preview.id, "");
    assert.deepEqual([preview.outputs["instanceId"], preview.outputs["machineType"]], [unknown, "e2-standard-8"]);
    await assert.rejects(readFile(join(simulation.state.directory, "gcp.json")), { code: "ENOENT" });
  });

  it("gives a machine's address resource the machine's fixed address", async () => {
    const made = await provider.create(addressUrn, {
      name: `${machine.name}-address`,
      project: "p",
      region: "us-central1",
    });
    assert.equal(made.id, `projects/p/regions/us-central1/addresses/${machine.name}-address`);
    assert.equal(made.outputs["address"], machine.address);
    inputs = { ...inputs, networkInterfaces: [{ network: "default", accessConfigs: [{ natIp: machine.address }] }] };
  });

  it("refuses an address that nobody reserved", async () => {
    const wrong = {
      ...inputs,
      networkInterfaces: [{ network: "default", accessConfigs: [{ natIp: "203.0.113.77" }] }],
    };
    await assert.rejects(provider.create(instanceUrn, wrong), {
      message:
        "1 error occurred:\n\t* Error creating instance: googleapi: Error 400: Invalid value for field 'resource.networkInterfaces[0].accessConfigs[0].natIP': '203.0.113.77'. The specified external IP address '203.0.113.77' was not found in region 'us-central1'., invalid\n\n",
    });
  });

  it("fails as Google does when a zone has no capacity, as often as told", async () => {
    await faults({ kind: "capacity", zone: "us-central1-b", times: 1 }, { kind: "capacity", zone: "us-east1-b" });
    await assert.rejects(provider.create(instanceUrn, inputs), {
      message:
        "1 error occurred:\n\t* Error waiting for instance to create: ZONE_RESOURCE_POOL_EXHAUSTED: The zone 'projects/p/zones/us-central1-b' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.\n\n",
    });
    assert.equal(await hostStatus(simulation.state, machine.name), undefined);
  });

  it("fails as Google does when a quota is used up", async () => {
    await faults({ kind: "quota", metric: "CPUS", limit: 8 });
    await assert.rejects(
      provider.create(instanceUrn, inputs),
      /QUOTA_EXCEEDED: Quota 'CPUS' exceeded\. {2}Limit: 8\.0 in region us-central1\./,
    );
    await faults();
  });

  it("boots the machine's host for a new instance", async () => {
    ({ id, outputs } = await provider.create(instanceUrn, inputs));
    assert.equal(id, `projects/p/zones/us-central1-b/instances/${machine.name}`);
    assert.equal(natIp(outputs), machine.address);
    assert.equal(outputs["currentStatus"], "RUNNING");
    assert.match(String(outputs["instanceId"]), /^\d{19}$/);
    const host = await prepareHost(machine, soon(), simulation.state);
    assert.equal((await host.ssh("echo mine > /root/file; hostname", soon())).stdout, `${machine.name}\n`);
  });

  it("replaces an instance for another zone, and stops it for another machine type", async () => {
    const moved = await provider.diff(instanceUrn, inputs, { ...inputs, zone: "us-central1-a" });
    assert.deepEqual(moved, { diffs: ["zone"], replaces: ["zone"], deleteBeforeReplace: true });
    const bigger = { ...inputs, machineType: "e2-standard-16" };
    assert.deepEqual((await provider.diff(instanceUrn, inputs, bigger)).replaces, []);
    await assert.rejects(
      provider.update(instanceUrn, id, outputs, bigger),
      /requires stopping it\. To acknowledge this, please set allowStoppingForUpdate = true/,
    );
    outputs = await provider.update(instanceUrn, id, outputs, { ...bigger, allowStoppingForUpdate: true });
    inputs = { ...bigger, allowStoppingForUpdate: true };
    assert.equal(outputs["machineType"], "e2-standard-16");
  });

  it("stops and starts the host with the instance, on the same disk", async () => {
    outputs = await provider.update(instanceUrn, id, outputs, { ...inputs, desiredStatus: "TERMINATED" });
    assert.equal(outputs["currentStatus"], "TERMINATED");
    assert.equal((await hostStatus(simulation.state, machine.name))?.state, "off");
    outputs = await provider.update(instanceUrn, id, outputs, inputs);
    const host = await prepareHost(machine, soon(), simulation.state);
    assert.equal((await host.ssh("cat /root/file", soon())).stdout, "mine\n");
  });

  it("reads what was done by hand", async () => {
    await (await prepareHost(machine, soon(), simulation.state)).stop(soon());
    const stopped = await provider.read(instanceUrn, id);
    assert.deepEqual([stopped.outputs["currentStatus"], stopped.inputs["desiredStatus"]], ["TERMINATED", "TERMINATED"]);
  });

  it("goes on after a cancel, as after each preview", async () => {
    await provider.cancel();
    outputs = await provider.update(instanceUrn, id, outputs, inputs);
    assert.equal(outputs["currentStatus"], "RUNNING");
  });

  it("leaves the host running when it ends, and finds it again", async () => {
    await standIn[Symbol.asyncDispose]();
    provider[Symbol.dispose]();
    standIn = await startGcpStandIn(() => undefined, simulation.state, [machine]);
    provider = providerClient(standIn.port);
    assert.equal((await provider.read(instanceUrn, id)).outputs["currentStatus"], "RUNNING");
  });

  it("removes the host with the instance, and says that it is gone", async () => {
    await provider.delete(instanceUrn, id);
    assert.equal(await hostStatus(simulation.state, machine.name), undefined);
    assert.equal((await provider.read(instanceUrn, id)).id, "");
    await provider.delete(instanceUrn, id);
  });

  it("records firewalls and refuses one without sources", async () => {
    const rules = { name: "ssh", project: "p", network: "default", allows: [{ protocol: "tcp", ports: ["22"] }] };
    await assert.rejects(
      provider.create(firewallUrn, rules),
      /one of source_tags, source_ranges, or source_service_accounts must be defined/,
    );
    const made = await provider.create(firewallUrn, { ...rules, sourceRanges: ["192.0.2.0/24"] });
    assert.equal(made.outputs["network"], "https://www.googleapis.com/compute/v1/projects/p/global/networks/default");
    assert.equal((await provider.read(firewallUrn, made.id)).id, made.id);
  });

  it("names the kinds it has when asked for another", async () => {
    const urn = "urn:pulumi:local::fleet::gcp:sql/databaseInstance:DatabaseInstance::d";
    await assert.rejects(
      provider.check(urn, {}),
      /has no gcp:sql\/databaseInstance:DatabaseInstance; it has .*gcp:compute\/instance:Instance/,
    );
  });
});
