import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { z } from "zod";
import type { FirstLogin } from "../../components/first-login.ts";
import { bucketNameOf } from "../../components/gcp-image.ts";
import type { GcpNodeArgs } from "../../components/gcp-node.ts";
import { accountIdOf, gcpVmArgs, ignoredOf } from "../../components/gcp-vm-args.ts";
import { systemImageSchema } from "../../local-nix/image-evaluation.ts";
import { type Registered, recordResources, resolved } from "./support.ts";

const args: GcpNodeArgs = {
  machine: "galena",
  project: "minerals-lab",
  machineType: "e2-standard-8",
  zones: ["us-central1-b"],
  accelerators: [],
  diskSizeGb: 100,
  image: "debian-cloud/debian-12",
  onHostMaintenance: "MIGRATE",
  labels: {},
  sshSources: [],
  power: "on",
};

describe("GcpNode", () => {
  const placing = ({ type }: Registered): Record<string, unknown> =>
    type.endsWith(":Placement") ? { placedIn: "europe-west4-a" } : {};

  it("runs in the zone that was found for it, with an address of that region", async () => {
    const resources = await recordResources(placing);
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const zones = ["us-central1-b", "europe-west4-a"];
    const node = new GcpNode("galena-node", { ...args, zones });
    await resolved(node.address);
    const placed = resources.flatMap(({ inputs }) => [inputs["zone"], inputs["region"]]).filter(Boolean);
    assert.deepEqual(placed.sort(), ["europe-west4", "europe-west4-a"]);
    const placement = resources.find(({ name }) => name === "galena-node-placement");
    assert.deepEqual([placement?.inputs["zones"], placement?.inputs["zone"]], [zones, null]);
  });

  it("knows the address's region before the zone, where all candidates are in one", async () => {
    const resources = await recordResources(placing);
    const { GcpNode } = await import("../../components/gcp-node.ts");
    await resolved(new GcpNode("galena-node", { ...args, zones: ["us-central1-b", "us-central1-f"] }).address);
    const address = resources.find(({ type }) => type === "gcp:compute/address:Address");
    assert.equal(address?.inputs["region"], "us-central1");
  });

  it("has no rule for 22/tcp when no range is named: one without sources would be refused or open to all", async () => {
    const resources = await recordResources();
    const { GcpNode } = await import("../../components/gcp-node.ts");
    const node = new GcpNode("galena-node", args);
    await resolved(node.address);
    const rules = resources.filter(({ type }) => type === "gcp:compute/firewall:Firewall");
    assert.deepEqual(
      rules.map(({ name }) => name),
      ["galena-node-zerotier"],
    );
  });

  const vmOf = async (more: Partial<GcpNodeArgs>): Promise<readonly Registered[]> => {
    const resources = await recordResources(({ type, inputs }) =>
      type === "gcp:serviceaccount/account:Account"
        ? { email: `${inputs["accountId"]}@${inputs["project"]}.iam.gserviceaccount.com` }
        : {},
    );
    const { GcpNode } = await import("../../components/gcp-node.ts");
    await resolved(new GcpNode("galena-node", { ...args, ...more }).address);
    return resources;
  };
  const inputsOf = (resources: readonly Registered[], name: string) =>
    resources.find((resource) => resource.name === name)?.inputs;

  it("runs as an account that is there, as one of its own, or as nobody", async () => {
    const email = "backup@minerals-lab.iam.gserviceaccount.com";
    const known = await vmOf({ serviceAccount: { email, scopes: ["storage-ro"] } });
    assert.deepEqual(inputsOf(known, "galena-node-vm")?.["serviceAccount"], { email, scopes: ["storage-ro"] });
    assert.equal(inputsOf(known, "galena-node-account"), undefined);

    const own = await vmOf({ serviceAccount: { email: null, scopes: ["cloud-platform"] } });
    assert.equal(inputsOf(own, "galena-node-account")?.["accountId"], "galena-node");
    assert.deepEqual(inputsOf(own, "galena-node-vm")?.["serviceAccount"], {
      email: "galena-node@minerals-lab.iam.gserviceaccount.com",
      scopes: ["cloud-platform"],
    });
    assert.equal("serviceAccount" in (inputsOf(await vmOf({}), "galena-node-vm") ?? {}), false);
  });

  it("names an account of its own as Google takes it, whatever the machine's name", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,50}[a-z0-9]$/), (machine) => {
        assert.match(accountIdOf(machine), /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/);
      }),
    );
    const [one, other] = ["a", "b"].map((end) => accountIdOf(`a-machine-with-a-very-long-name-${end}`));
    assert.notEqual(one, other);
  });

  it("lets the first login in by its metadata alone, and once installed nobody by it, without a change of the VM", async () => {
    const keys = ["ssh-ed25519 AAAA", "ssh-ed25519 BBBB"];
    const metadata = (firstLogin?: FirstLogin): Record<string, string> =>
      z.record(z.string(), z.string()).parse(gcpVmArgs({ ...args, firstLogin }, { zone: "z", natIp: "a" }).metadata);
    const shut = metadata();
    assert.deepEqual(shut, {
      "enable-oslogin": "FALSE",
      "block-project-ssh-keys": "TRUE",
      "enable-guest-attributes": "TRUE",
    });
    const open = metadata({ user: "root", keys });
    assert.equal(open["ssh-keys"], "root:ssh-ed25519 AAAA\nroot:ssh-ed25519 BBBB");
    assert.match(open["startup-script"] ?? "", /PermitRootLogin prohibit-password/);
    assert.deepEqual(metadata({ user: "ops", keys: ["ssh-ed25519 AAAA"] }), {
      ...shut,
      "ssh-keys": "ops:ssh-ed25519 AAAA",
    });
    assert.deepEqual(metadata({ user: "root", keys: [] }), shut);

    assert.deepEqual(ignoredOf({ firstLogin: { user: "root", keys } }), ["bootDisk.initializeParams.image"]);
    assert.deepEqual(ignoredOf({}).slice(1), ['metadata["ssh-keys"]', 'metadata["startup-script"]']);
  });

  it("boots without Secure Boot, which no NixOS kernel passes, and is protected against deletion when asked", async () => {
    const plain = inputsOf(await vmOf({}), "galena-node-vm");
    assert.deepEqual(plain?.["shieldedInstanceConfig"], {
      enableSecureBoot: false,
      enableVtpm: true,
      enableIntegrityMonitoring: true,
    });
    assert.equal(plain?.["deletionProtection"], false);
    const guarded = inputsOf(await vmOf({ deletionProtection: true }), "galena-node-vm");
    assert.equal(guarded?.["deletionProtection"], true);
  });

  it("boots an image of its own system, which is made where its address is; a VM that is there asks for none", async () => {
    const link = "https://www.googleapis.com/compute/v1/projects/minerals-lab/global/images/galena-closure";
    const outputs = ({ type, inputs }: Registered): Record<string, unknown> => {
      if (type === "gcp:compute/image:Image") return { selfLink: link };
      return type.endsWith(":NodeImage") ? { source: `https://storage.googleapis.com/${inputs["bucket"]}/x` } : {};
    };
    const make = async (more: Partial<GcpNodeArgs>) => {
      const resources = await recordResources(outputs);
      const { GcpNode } = await import("../../components/gcp-node.ts");
      const node = new GcpNode("galena-node", { ...args, image: { fromClosure: true }, ...more });
      await resolved(node.address);
      return { node, resources };
    };
    const owner = { project: "fleet", stack: "burst" };
    const build = systemImageSchema.parse({
      drvPath: "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-image.drv",
      image: "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-image",
    });
    const { node, resources } = await make({ imageOrder: { build, owner, isDeployed: false } });
    assert.equal(node.showsFirstKey, true);
    assert.equal(inputsOf(resources, "galena-node-bucket")?.["name"], "minerals-lab-galena-image");
    assert.equal(inputsOf(resources, "galena-node-bucket")?.["publicAccessPrevention"], "enforced");
    assert.deepEqual(inputsOf(resources, "galena-node-image")?.["rawDisk"], {
      source: "https://storage.googleapis.com/minerals-lab-galena-image/x",
    });
    assert.equal("shieldedInstanceConfig" in (inputsOf(resources, "galena-node-vm") ?? {}), false, "it boots by BIOS");
    assert.deepEqual(inputsOf(resources, "galena-node-vm")?.["bootDisk"], {
      initializeParams: { image: link, size: 100 },
    });

    const other = await make({});
    assert.deepEqual(inputsOf(other.resources, "galena-node-vm")?.["bootDisk"], { initializeParams: { size: 100 } });
    assert.equal(other.node.showsFirstKey, false);
  });

  it("has a bucket by a name that Google takes and no other machine has", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
        fc.stringMatching(/^[a-z0-9]{1,63}$/),
        (project, machine) => {
          assert.match(bucketNameOf(project, machine), /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
        },
      ),
    );
    const names = ["a", "b"].map((end) =>
      bucketNameOf("minerals-lab", `a-machine-with-a-name-that-is-far-too-long-${end}`),
    );
    assert.notEqual(names[0], names[1]);
  });
});
