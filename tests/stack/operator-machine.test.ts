import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { parseHostKey } from "../../deploy/ssh/host-key.ts";
import { makeKeyPair } from "../../deploy/ssh/key-pair.ts";
import type { HostConnection } from "../../stack/connections.ts";
import { type OperatorFacts, operatorMachines, readOperatorFacts } from "../../stack/operator-machine.ts";

const newKey = () => parseHostKey(makeKeyPair().publicKey);
const [own, other] = [newKey(), newKey()];

const operator: OperatorFacts = {
  hostKeys: [own],
  addresses: ["127.0.0.1", "::1", "192.0.2.7"],
  hostname: "stibnite",
  class: "darwin",
};

function way(targetHost: string, more: Partial<HostConnection> = {}): HostConnection {
  return { targetHost, definedAt: "test", from: "stack", identityFiles: [], hostKeys: [], ...more };
}

function found(
  machine: string,
  connection: HostConnection | undefined,
  facts: Partial<OperatorFacts> = {},
  machineClass: "nixos" | "darwin" = "darwin",
): string | undefined {
  const connections = new Map(connection === undefined ? [] : [[machine, connection]]);
  const machines = [{ machine, spec: { class: machineClass } }];
  return operatorMachines(machines, connections, { ...operator, ...facts }).get(machine);
}

describe("the operator's own machine", () => {
  const pins = (key: typeof own) => ({ hostKeys: [{ key, source: "vars" }] });

  it("is the one whose pinned host key is this machine's, wherever it is dialled", () => {
    assert.match(found("rosegold", way("root@192.0.2.99", pins(own))) ?? "", /^its host key SHA256:/);
  });

  it("is none whose pinned key is another, whatever address and name say", () => {
    assert.equal(found("stibnite", way("root@192.0.2.7", pins(other))), undefined);
  });

  it("is the one at an address of this machine", () => {
    assert.equal(found("rosegold", way("root@192.0.2.7")), "its address 192.0.2.7");
    assert.equal(found("rosegold", way("localhost")), "its address localhost");
    assert.equal(found("rosegold", way("root@192.0.2.7", pins(other)), { hostKeys: [] }), "its address 192.0.2.7");
  });

  it("is none behind another port or a jump host: those are tunnels, containers and other networks", () => {
    assert.equal(found("rosegold", way("root@127.0.0.1:2222")), undefined);
    const jumpHosts = [{ target: "edge", definedAt: "test", identityFiles: [], hostKeys: [] }];
    assert.equal(found("rosegold", way("root@192.0.2.7", { jumpHosts })), undefined);
  });

  it("is the one of this machine's name and kind, where keys and addresses do not tell", () => {
    assert.equal(found("stibnite", way("stibnite.zt")), "its name stibnite");
    assert.equal(found("stibnite", undefined), "its name stibnite");
    assert.equal(found("stibnite", way("stibnite.zt"), {}, "nixos"), undefined);
  });

  it("has its keys read from where sshd keeps them; what is no key is passed over", async () => {
    const folder = await mkdtemp(join(tmpdir(), "operator-"));
    try {
      await writeFile(join(folder, "ssh_host_ed25519_key.pub"), `${own} root@stibnite\n`);
      await writeFile(join(folder, "ssh_host_dsa_key.pub"), "ssh-dss AAAA\n");
      await writeFile(join(folder, "sshd_config"), "");
      const facts = await readOperatorFacts(folder);
      assert.deepEqual(facts.hostKeys, [own]);
      assert.ok(facts.addresses.includes("127.0.0.1"));
      assert.deepEqual((await readOperatorFacts(join(folder, "none"))).hostKeys, []);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
