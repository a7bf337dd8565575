import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SshConfigError, TargetSyntaxError } from "../../../deploy/errors.ts";
import { parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { type OperatorEnvironment, resolveConnection } from "../../../deploy/ssh/resolve-connection.ts";
import { makeKey } from "../support/ssh-server.ts";

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

  it("is dialled at a known address under its own name: entry, user and keys are the name's, and a HostName there wins", () => {
    const known = { ...request, target: "galena.zt", address: "fd5d::14" };
    const entry = "Host galena.zt\n  User ops\n  ProxyJump none\n";
    const key = makeKey().public;
    const knownHosts = [{ file: "~/.ssh/known_hosts", text: `galena.zt ${key}\n` }];
    const { address, user, hostKeyAlias, hostKeys } = resolveConnection(known, { ...operator(entry), knownHosts });
    assert.deepEqual([address, user, hostKeyAlias], ["fd5d::14", "ops", "galena.zt"]);
    assert.equal(hostKeys[0]?.key, key);
    const stated = resolveConnection(known, operator(`${entry}  HostName 192.0.2.7\n`));
    assert.deepEqual([stated.address, stated.hostKeyAlias], ["192.0.2.7", undefined]);
  });

  it("refuses a port that is none, with the place to correct it", () => {
    assert.throws(() => resolveConnection(request, operator("Host galena\n  Port x\n")), SshConfigError);
  });

  it("takes a ProxyCommand as it stands, and none for none", () => {
    const spec = resolveConnection(
      request,
      operator("Host galena\n  ProxyCommand nc -x proxy:1080 %h %p\nHost *\n  ProxyJump no\n"),
    );
    assert.deepEqual([spec.proxyCommand, spec.jumpHosts], ["nc -x proxy:1080 %h %p", []]);
    const direct = resolveConnection(request, operator("Host galena\n  ProxyCommand none\n"));
    assert.equal(direct.proxyCommand, undefined);
  });

  it("takes another agent, or none, where the entry says so", () => {
    const agents = (value: string) => resolveConnection(request, operator(`Host *\n  IdentityAgent ${value}\n`)).agent;
    assert.deepEqual(["none", "SSH_AUTH_SOCK", "~/.1password/agent.sock"].map(agents), [
      undefined,
      "/run/agent",
      "/home/cameron/.1password/agent.sock",
    ]);
  });
});

describe("jump hosts", () => {
  const [key, other] = [makeKey().public, makeKey().public];
  const knownHosts = [{ file: "/home/cameron/.ssh/known_hosts", text: `[edge.example]:2200 ${key}\ninner ${other}\n` }];
  const config = `Host galena
  ProxyJump edge,root@inner
Host edge
  HostName edge.example
  Port 2200
  IdentityFile ~/.ssh/edge
`;

  it("have each their own address, user, identity and key", () => {
    const spec = resolveConnection(request, { ...operator(config), user: "cameron", knownHosts });
    assert.deepEqual(
      spec.jumpHosts.map(({ name, user, address, port, identityFiles, hostKeys }) => [
        name,
        `${user}@${address}:${port}`,
        identityFiles,
        hostKeys,
      ]),
      [
        [
          "edge",
          "cameron@edge.example:2200",
          ["/home/cameron/.ssh/edge"],
          [{ key, source: "/home/cameron/.ssh/known_hosts:1" }],
        ],
        [
          "root@inner",
          "root@inner:22",
          ["/home/cameron/.ssh/id_ed25519"],
          [{ key: other, source: "/home/cameron/.ssh/known_hosts:2" }],
        ],
      ],
    );
    assert.equal(spec.jumpHosts[0]?.definedAt, "~/.ssh/config: Host galena: ProxyJump edge,root@inner");
  });

  it("lead through the first one's own jump host, too", () => {
    const spec = resolveConnection(
      request,
      operator(`${config}  ProxyJump outer\nHost inner\n  ProxyJump not-asked\n`),
    );
    assert.deepEqual(
      spec.jumpHosts.map(({ name }) => name),
      ["outer", "edge", "root@inner"],
    );
  });

  it("that lead to themselves are an error instead of a way without end", () => {
    assert.throws(() => resolveConnection(request, operator("Host *\n  ProxyJump edge\n")), {
      message: [
        "galena: its jump hosts lead to themselves",
        "  expected: a host that can be dialled directly at the end of the way",
        "  found:    galena through edge through edge",
        "  at:       ~/.ssh/config: Host edge: ProxyJump edge",
        "  fix:      write `ProxyJump none` (in the stack: `proxyJump: none`) for the one that is reachable from here",
      ].join("\n"),
    });
  });

  it("that are stated beside the target take the place of those in ~/.ssh/config, with their own pins and identity", () => {
    const pin = { key: parseHostKey(other), source: "Pulumi.core.yaml" };
    const hop = {
      target: "ops@edge",
      definedAt: "Pulumi.core.yaml: proxyJump",
      hostKeys: [pin],
      identityFiles: ["/k"],
    };
    const environment = { ...operator(config), user: "cameron", knownHosts };
    const spec = resolveConnection({ ...request, jumpHosts: [hop] }, environment);
    assert.deepEqual(
      spec.jumpHosts.map(({ name, user, port, hostKeys, identityFiles, definedAt }) => {
        return { name, user, port, hostKeys, identityFiles, definedAt };
      }),
      [
        {
          name: "ops@edge",
          user: "ops",
          port: 2200,
          hostKeys: [pin],
          identityFiles: ["/k"],
          definedAt: "Pulumi.core.yaml: proxyJump",
        },
      ],
    );
    const plain = resolveConnection(
      { ...request, jumpHosts: [{ ...hop, hostKeys: [], identityFiles: [] }] },
      environment,
    );
    assert.deepEqual(
      [plain.jumpHosts[0]?.hostKeys[0]?.key, plain.jumpHosts[0]?.identityFiles],
      [key, ["/home/cameron/.ssh/edge"]],
    );
    assert.deepEqual(resolveConnection({ ...request, jumpHosts: [] }, environment).jumpHosts, []);
  });

  it("are dialled at a stated address and known by their name, as the target is", () => {
    const hop = { target: "root@pyrite.zt", address: "fd5d::7", definedAt: "x", hostKeys: [], identityFiles: [] };
    const at = (text: string) => {
      const [jump] = resolveConnection({ ...request, jumpHosts: [hop] }, operator(text)).jumpHosts;
      return [jump?.address, jump?.hostKeyAlias];
    };
    assert.deepEqual(at(""), ["fd5d::7", "pyrite.zt"]);
    assert.deepEqual(at("Host pyrite.zt\n  HostName 192.0.2.3\n"), ["192.0.2.3", undefined]);
  });

  it("are refused when their names are no names", () => {
    for (const hostile of ["-oProxyCommand=id", "a b", "$(id)", "x,,y", "a;b"])
      assert.throws(
        () => resolveConnection(request, operator(`Host galena\n  ProxyJump ${hostile}\n`)),
        TargetSyntaxError,
        hostile,
      );
  });
});

describe("a host that no pin is known of", () => {
  const key = makeKey().public;
  const knownHosts = [{ file: "kh", text: `@cert-authority *.example ${key}\n@revoked * ${key}\ngalena ${key}\n` }];

  it("is known by known_hosts under its alias or its address, authorities and revoked keys included", () => {
    const { certAuthorities, revokedHostKeys, hostKeys } = resolveConnection(request, {
      ...operator("Host galena\n  HostName g.example\n"),
      knownHosts,
    });
    assert.deepEqual(
      [certAuthorities, revokedHostKeys, hostKeys],
      [[{ key, source: "kh:1" }], [{ key, source: "kh:2" }], []],
    );
    const aliased = resolveConnection(request, {
      ...operator("Host galena\n  HostName g.example\n  HostKeyAlias galena\n"),
      knownHosts,
    });
    assert.deepEqual([aliased.hostKeyAlias, aliased.hostKeys], ["galena", [{ key, source: "kh:3" }]]);
  });

  it("keeps to its pin where it has one", () => {
    const pinned = { key: parseHostKey(makeKey().public), source: "vars" };
    const spec = resolveConnection({ ...request, hostKeys: [pinned] }, { ...operator(""), knownHosts });
    assert.deepEqual([spec.hostKeys, spec.certAuthorities], [[pinned], []]);
  });
});

describe("~/.ssh/config", () => {
  it("is read as ssh reads it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ssh-config-"));
    const file = join(folder, "config");
    const word = fc.constantFrom("galena", "edge", "inner", "g.example", "10.1.2.3");
    const line = fc.oneof(
      word.map((name) => `HostName ${name}`),
      fc.integer({ min: 1, max: 65535 }).map((port) => `Port ${port}`),
      fc.constantFrom("User root", "User cameron", "user=admin"),
      word.map((name) => `HostKeyAlias ${name}`),
      fc.constantFrom("IdentityFile /keys/a", "IdentityFile /keys/b", 'IdentityFile "/keys/a b"'),
      fc.constantFrom("ProxyJump none", "ProxyJump far", "ProxyJump u@far:99,near", "ProxyCommand nc %h %p"),
    );
    const patterns = fc.constantFrom("galena", "gal*", "*", "!galena *", "g?lena edge", "edge", "* !edge");
    const block = fc.tuple(patterns, fc.array(line, { maxLength: 4 }));
    const text = fc
      .array(block, { maxLength: 5 })
      .map((blocks) =>
        blocks.map(([host, lines]) => `Host ${host}\n${lines.map((one) => `  ${one}\n`).join("")}`).join(""),
      );
    try {
      await fc.assert(
        fc.asyncProperty(text, async (random) => {
          const config = `Host far\n  ProxyJump none\n${random}`; // without it ssh, too, refuses `Host *` with ProxyJump
          await writeFile(file, config, { mode: 0o600 });
          const { stdout } = await promisify(execFile)("ssh", ["-F", file, "-G", "galena"]);
          const said = (key: string): string[] =>
            [...stdout.matchAll(new RegExp(`^${key} (.*)$`, "gm"))].map(([, value = ""]) => value);
          const spec = resolveConnection(request, operator(config));
          assert.equal(spec.address, said("hostname")[0]);
          assert.equal(String(spec.port), said("port")[0]);
          assert.ok(["root", ...said("user")].includes(spec.user));
          assert.equal(spec.hostKeyAlias, said("hostkeyalias")[0]);
          assert.deepEqual(spec.jumpHosts.map(({ name }) => name).join(","), said("proxyjump")[0] ?? "");
          assert.equal(spec.proxyCommand, said("proxycommand")[0]);
          if (config.includes("IdentityFile") && said("identityfile")[0]?.startsWith("/keys"))
            assert.deepEqual(spec.identityFiles, said("identityfile"));
        }),
        { numRuns: 60 },
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
