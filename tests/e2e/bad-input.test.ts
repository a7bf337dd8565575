import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { Checkout } from "./support/checkout.ts";

describe("a preview of what cannot be", function () {
  this.timeout(120_000);
  let checkout: Checkout;
  before(async () => {
    checkout = await Checkout.create();
    // No host is started: whatever reaches for one fails otherwise than expected here.
    await checkout.edit("Pulumi.local.yaml", "  pulumi-clan:identityFile: .state/sim/operator_ed25519\n", "");
    await checkout.keep();
  });
  after(() => checkout[Symbol.asyncDispose]());

  const refuses = async (message: RegExp): Promise<void> => {
    const { code, text } = await checkout.pulumi("preview", "--stack", "local");
    assert.notEqual(code, 0, text);
    assert.match(text, message);
    assert.doesNotMatch(text, /SystemClosure|node:internal|\.ts:\d+:\d+\)/, "no resource, and no stack of ours");
  };
  afterEach(() => checkout.restore());

  it("names a key of the stack's configuration that does not exist, and the nearest", async () => {
    await checkout.edit("Pulumi.local.yaml", "pulumi-clan:machines", "pulumi-clan:machine");
    await refuses(/Pulumi\.local\.yaml: pulumi-clan:machine is not a key[\s\S]*fix: {6}write "machines"/);
  });

  it("names the file and line of a module that throws", async () => {
    await checkout.write("modules/nixos/broken.ts", 'const port: number = 1;\nthrow new Error("no port " + port);\n');
    await refuses(/modules\/nixos\/broken\.ts[\s\S]*no port 1[\s\S]*modules\/nixos\/broken\.ts:2/);
  });

  it("shows Nix' last error with the module's own file", async () => {
    await checkout.write(
      "modules/nixos/base/broken.ts",
      `import { flakeModule, nix } from "pulumi-clan/author";
export default flakeModule({ flake: { modules: { nixos: { base: nix\`{ environment.etc.x.text = builtins.throw "no such thing"; }\` } } } });
`,
    );
    await refuses(/does not evaluate[\s\S]*no such thing[\s\S]*modules\/nixos\/base\/broken\.ts/);
  });

  it("says what is to be generated first where a machine reads what another, new one has not generated", async () => {
    await checkout.write(
      "modules/machines/nixos/cinnabar/admit.ts",
      `import { flakeModule, nix } from "pulumi-clan/author";
export default flakeModule({ flake: { modules: { nixos: { "machines/nixos/cinnabar": nix\`
  { environment.etc.peer.text = builtins.readFile ../../../../vars/shared/zerotier-ip-galena-zerotier/ip/value; }\` } } } });
`,
    );
    await refuses(
      /cinnabar: its configuration reads shared\/zerotier-ip-galena-zerotier\/ip, which was never generated: generate first[\s\S]*fix: +fleet vars generate galena, git add/,
    );
  });

  it("names a key file that is not there", async () => {
    await checkout.edit("Pulumi.local.yaml", "config:\n", "config:\n  pulumi-clan:identityFile: keys/gone\n");
    await refuses(/the key file for SSH is not there[\s\S]*keys\/gone[\s\S]*pulumi-clan:identityFile/);
  });

  it("names both machines of one address", async () => {
    await checkout.edit("Pulumi.local.yaml", "root@198.51.100.21", "root@198.51.100.11");
    await refuses(/cinnabar and stibnite have one address[\s\S]*198\.51\.100\.11/);
  });

  it("names an unreadable fleet.ts", async () => {
    await checkout.write("fleet.ts", "export default defineFleet({\n");
    await refuses(/fleet\.ts/);
  });

  it("names a machine that is registered but not in the inventory, with its line", async () => {
    await checkout.edit("modules/clan/inventory/machines.ts", "stibnite:", "stibnit:");
    await refuses(/stibnit[\s\S]*modules\/clan\/inventory\/machines\.ts:\d+/);
  });

  it("names the line of a reference to an entry that does not exist, and the nearest", async () => {
    await checkout.edit("modules/machines/nixos/galena/default.ts", "nixos.base", "nixos.bsae");
    await refuses(/bsae[\s\S]*modules\/machines\/nixos\/galena\/default\.ts:\d+[\s\S]*"base"/);
  });

  it("reports what the fleet's checks are sure of, as `fleet check` does", async () => {
    await checkout.edit("modules/machines/nixos/galena/disko.ts", "machines/nixos/galena", "machines/nixos/galean");
    await refuses(/the fleet is not what was written[\s\S]*error {3}FC006[\s\S]*galena\/disko\.ts:\d+/);
  });

  it("warns on the resource that a doubtful finding concerns, and goes on", async () => {
    await checkout.edit("modules/clan/inventory/services/zerotier.ts", 'tags: ["peer"]', 'tags: ["peer", "peeer"]');
    const { code, text } = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(code, 0, text);
    assert.match(text, /ServiceInstance \(minerals-inventory-zerotier\):\s+warning: FC022: role zerotier\/peer/);
  });
});
