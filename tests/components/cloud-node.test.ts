import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import type { CloudNode } from "../../components/cloud-node.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { recordResources, resolved } from "./support.ts";

const toplevel = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system");

/** A cloud that this project does not know: what a machine needs of its node is all there is. */
class RackNode extends pulumi.ComponentResource implements CloudNode {
  declare readonly address: pulumi.Output<string>;
  declare readonly instanceId: pulumi.Output<string>;
  readonly guestHostKeys = () => pulumi.output([]);
  readonly power = "on";
  readonly cost = { hourly: 0.1, monthly: 73 };

  constructor(name: string, opts: pulumi.ComponentResourceOptions) {
    super("test:rack:Node", name, {}, opts);
    this.address = pulumi.output("2001:db8::14");
    this.instanceId = pulumi.output("rack-7");
    this.registerOutputs({ address: this.address });
  }
}

describe("a node of another cloud", () => {
  it("carries a machine: it is dialled at the node's address, and its resources go with the node", async () => {
    const resources = await recordResources(({ type, inputs }) =>
      type.endsWith(":SystemClosure")
        ? { running: inputs["toplevel"], outcome: "switched", generation: 2, seconds: 3 }
        : {},
    );
    const { Machine } = await import("../../components/machine.ts");
    const machine = new Machine("galena", {
      machine: "galena",
      spec: {
        class: "nixos",
        system: "x86_64-linux",
        tags: [],
        description: null,
        targetHost: null,
        buildHost: null,
        imports: [],
        users: [],
        registered: true,
        inInventory: true,
        definedAt: { file: "modules/clan/machines.ts", line: 1 },
      },
      targetHost: "root@galena:2222",
      probe: () => Promise.resolve({ text: null, observed: null }),
      node: { power: "on", make: (name, opts) => new RackNode(name, opts) },
      delivery: {
        system: "x86_64-linux",
        toplevel,
        drvPath: "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system.drv",
        buildOn: "local",
        identityFiles: [],
        hostKeys: [],
        policy: activationPolicySchema.parse({}),
        connectDeadlineSeconds: 5,
        deadlineSeconds: 60,
        owner: { project: "pulumi-clan", stack: "test" },
        secrets: null,
      },
    });
    assert.equal((await resolved(machine.row)).targetHost, "root@[2001:db8::14]:2222");
    assert.deepEqual(
      resources.map(({ type, name }) => `${type} ${name}`),
      [
        "clan:index:Machine galena",
        "test:rack:Node galena-node",
        "pulumi-nodejs:dynamic/clan:SystemClosure galena-closure",
      ],
    );
  });
});
