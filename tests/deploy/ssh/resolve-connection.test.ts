import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SshConfigError } from "../../../deploy/errors.ts";
import { type OperatorEnvironment, resolveConnection } from "../../../deploy/ssh/resolve-connection.ts";

const operator = (sshConfig: string): OperatorEnvironment => ({
  home: "/home/cameron",
  sshConfig,
  agent: "/run/agent",
  defaultIdentities: ["/home/cameron/.ssh/id_ed25519"],
});
const request = { machine: "galena", target: "galena", definedAt: "fleet.ts:1", hostKeys: [] };

describe("a target with ~/.ssh/config", () => {
  const config = `Host galena
  HostName %h.example
  Port 2222
  User cameron
  IdentityFile ~/.ssh/fleet key
  IdentityFile "~/.ssh/second key"
Host *
  User nobody
  ProxyJump none
`;

  it("takes name, port, user and keys from its entry", () => {
    const spec = resolveConnection(request, operator(config.replace("fleet key", "fleet")));
    assert.deepEqual(
      [spec.address, spec.port, spec.user, spec.identityFiles, spec.agent],
      ["galena.example", 2222, "cameron", ["/home/cameron/.ssh/fleet", "/home/cameron/.ssh/second key"], "/run/agent"],
    );
  });

  it("lets what the target and the stack state win", () => {
    const stated = { ...request, target: "root@galena:22", identityFiles: ["/keys/fleet"] };
    const spec = resolveConnection(stated, operator(config));
    assert.deepEqual([spec.port, spec.user, spec.identityFiles], [22, "root", ["/keys/fleet"]]);
  });

  it("does without an entry: root, port 22, the operator's own keys", () => {
    const spec = resolveConnection(request, operator(""));
    assert.deepEqual(
      [spec.address, spec.port, spec.user, spec.identityFiles],
      ["galena", 22, "root", ["/home/cameron/.ssh/id_ed25519"]],
    );
  });

  it("refuses a jump host instead of dialling another way", () => {
    assert.throws(() => resolveConnection(request, operator("Host galena\n  ProxyJump bastion\n")), {
      name: "SshConfigError",
      message: [
        "galena: ProxyJump in ~/.ssh/config is not supported yet",
        "  expected: a host that can be dialled directly",
        "  found:    ProxyJump bastion",
        "  at:       ~/.ssh/config: Host galena",
        "  fix:      give the machine an address that is reachable from here, or write `ProxyJump none` for it",
      ].join("\n"),
    });
    assert.throws(() => resolveConnection(request, operator("Host *\n  ProxyCommand nc %h %p\n")), SshConfigError);
    assert.throws(() => resolveConnection(request, operator("Host galena\n  Port x\n")), SshConfigError);
  });
});
