import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseKnownHosts } from "../../stack/host-keys.ts";

describe("known_hosts as ssh-keygen -F prints it", () => {
  it("gives type and key of each line, whatever name or hash it stands under", () => {
    const text = [
      "# Host rosegold.zt found: line 3",
      "rosegold.zt,192.0.2.9 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== a comment",
      "|1|c2FsdA==|aGFzaA== ssh-rsa AAAAB3NzaC1yc2E=",
      "",
    ].join("\n");
    assert.deepEqual(parseKnownHosts(text), ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "ssh-rsa AAAAB3NzaC1yc2E="]);
  });

  it("takes neither a certificate authority nor a revoked key for the host's own", () => {
    assert.deepEqual(
      parseKnownHosts("@cert-authority *.zt ssh-ed25519 AAAA\n@revoked rosegold.zt ssh-ed25519 AAAA\n"),
      [],
    );
  });
});
