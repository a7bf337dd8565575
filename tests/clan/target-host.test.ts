import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { addressOf, atNode, parseTargetHost } from "../../clan/target-host.ts";

describe("target host", () => {
  it("has clan's form: [ssh://][user@]host[:port][?options]", () => {
    assert.deepEqual(parseTargetHost("root@galena.zt"), { user: "root", host: "galena.zt", port: undefined });
    assert.deepEqual(parseTargetHost("198.51.100.14:2222"), { user: undefined, host: "198.51.100.14", port: 2222 });
    assert.deepEqual(parseTargetHost("ssh://root@[fd00::1]:22?ProxyJump=a"), {
      user: "root",
      host: "fd00::1",
      port: 22,
    });
  });

  it("is nothing else", () => {
    for (const text of ["", "root@", "a b", "fd00::1", "host:0", "host:70000", "host:ssh", "root@host/path"]) {
      assert.equal(parseTargetHost(text), undefined, text);
    }
  });

  it("is the same address in any case, with the default port or without", () => {
    const address = (text: string): string => addressOf(parseTargetHost(text) ?? { user: "", host: "", port: 0 });
    assert.equal(address("root@Galena.zt."), address("cameron@galena.zt:22"));
    assert.notEqual(address("galena.zt"), address("galena.zt:2222"));
    assert.equal(address("[FD00::1]"), "[fd00::1]:22");
  });

  it("keeps user and port where a node's address takes the host's place", () => {
    assert.equal(atNode("root@galena", "192.0.2.14"), "root@192.0.2.14");
    assert.equal(atNode("ssh://ops@galena.zt:2222", "192.0.2.14"), "ops@192.0.2.14:2222");
    assert.equal(atNode("galena:2222", "2001:db8::7"), "[2001:db8::7]:2222");
  });
});
