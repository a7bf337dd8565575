import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { standInEnvironment } from "../../sim/gcp/stand-in-environment.ts";
import { type GcpStandIn, startGcpStandIn } from "../../sim/gcp/start-gcp-stand-in.ts";
import { simState } from "../../sim/hosts/sim-state.ts";
import { Checkout } from "./support/checkout.ts";
import type { Ended } from "./support/run.ts";

// The committed stacks for real hosts. nixpkgs cannot be had everywhere, so they are previewed with the simulation's
// builder; their hosts have names that only resolve inside the fleet's own network.
describe("a stack of machines that cannot be reached from here", function () {
  this.timeout(120_000);
  let checkout: Checkout;
  let cloud: GcpStandIn;

  before(async () => {
    checkout = await Checkout.create();
    cloud = await startGcpStandIn(() => undefined, simState(join(checkout.root, ".state/sim")));
    Object.assign(checkout.environment, standInEnvironment(cloud));
    checkout.environment["PULUMI_CONFIG_PASSPHRASE"] = "of this test";
    for (const stack of ["core", "burst", "laptops"]) {
      await checkout.edit(`Pulumi.${stack}.yaml`, "config:\n", "config:\n  pulumi-clan:systemBuilder: sim/system\n");
      const ended = await checkout.pulumi("stack", "init", stack);
      assert.equal(ended.code, 0, ended.text);
    }
  });
  after(async () => {
    await cloud[Symbol.asyncDispose]();
    await checkout[Symbol.asyncDispose]();
  });

  const preview = async (stack: string): Promise<Ended> => {
    const ended = await checkout.pulumi("preview", "--stack", stack);
    assert.equal(ended.code, 0, ended.text);
    return ended;
  };
  const closures = ({ text }: Ended): string[] =>
    [...new Set([...text.matchAll(/(\w+)-closure create/g)].map((match) => match[1] ?? ""))].sort();

  it("`core` shows its three servers as unreachable, and everything else", async () => {
    const ended = await preview("core");
    assert.deepEqual(closures(ended), ["cinnabar", "electrum", "magnetite"]);
    assert.equal([...ended.text.matchAll(/^ +unreachable: .*\.zt/gm)].length, 3, ended.text);
    assert.match(ended.text, /ServiceInstance minerals-inventory-zerotier create/);
  });

  it("`laptops` is chosen by tag, on both platforms", async () => {
    assert.deepEqual(closures(await preview("laptops")), ["argentum", "blackphos", "pyrite", "rosegold", "stibnite"]);
  });

  it("`burst` has both nodes, one on, one off", async () => {
    const ended = await preview("burst");
    assert.deepEqual(closures(ended), ["galena", "scheelite"]);
    assert.match(ended.text, /galena-node-vm create/);
    assert.match(ended.text, /scheelite-node-vm create/);
  });
});
