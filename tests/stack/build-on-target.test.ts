import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PushError } from "../../deploy/errors.ts";
import { SecretText } from "../../deploy/ssh/secret-text.ts";
import { type ClosureInputs, closureInputsSchema } from "../../providers/system-closure-schema.ts";
import { deliverSystem } from "../../stack/deliver-system.ts";
import { declared, old } from "../deploy/support/facts.ts";
import { soon } from "../deploy/support/signals.ts";
import { startTestServer, type TestServer } from "../deploy/support/ssh-server.ts";

const facts = (changes: Readonly<Record<string, string>>): string =>
  Object.entries({
    "login.uid": "0",
    uid: "0",
    hostname: "galena",
    kernel: "Linux",
    arch: "x86_64",
    marker: "nixos",
    "boot-id": "1",
    current: old,
    profile: old,
    generation: "system-7-link",
    "tool.nix-store": "/bin/nix-store",
    "tool.nix-env": "/bin/nix-env",
    "tool.nix-daemon": "/bin/nix-daemon",
    "boot.kind": "none",
    "boot.files": "yes",
    end: "1790000000",
    ...changes,
  })
    .map(([key, value]) => `${key}\t${value}\n`)
    .join("");

const inputs = (server: TestServer): ClosureInputs =>
  closureInputsSchema.parse({
    machine: "galena",
    class: "nixos",
    system: "x86_64-linux",
    toplevel: declared,
    drvPath: `${declared}.drv`,
    buildOn: "target",
    targetHost: `root@127.0.0.1:${server.port}`,
    identityFiles: server.spec().identityFiles,
    hostKeys: server.spec().hostKeys,
    policy: {},
    connectDeadlineSeconds: 5,
    deadlineSeconds: 20,
    owner: { project: "fleet", stack: "core" },
    power: "on",
    reportTo: "",
  });

describe("building on the target", () => {
  it("is not begun on a host that would be refused: nothing is copied to somebody else's", async () => {
    const owner = JSON.stringify({ project: "fleet", stack: "burst", machine: "galena" });
    for (const [changes, reason] of [
      [{ owner }, "the host belongs to fleet/burst (galena); set takeOver to take it"],
      [{ marker: "darwin" }, "the machine is declared as nixos, the host is darwin"],
    ] as const) {
      const phases: string[] = [];
      await using server = await startTestServer({
        onExec: (_line, channel) => {
          channel.write(facts(changes));
          channel.exit(0);
          channel.end();
        },
      });
      const { outcome } = await deliverSystem(inputs(server), ({ phase = "" }) => phases.push(phase), soon());
      assert.deepEqual([outcome.kind, outcome.reason, outcome.facts.current], ["refused", reason, old]);
      assert.deepEqual(phases, ["done"]);
    }
  });

  it("is not begun where sudo asks for a password: Nix' own commands have another use for their input", async () => {
    const lines: string[] = [];
    await using server = await startTestServer({
      onExec: (line, channel) => {
        lines.push(line);
        const code = line === "sudo -n -- true" ? 1 : 0;
        if (code === 0) channel.write(facts({ "login.uid": "1000" }));
        channel.exit(code);
        channel.end();
      },
    });
    const way = { ...inputs(server), targetHost: `ops@127.0.0.1:${server.port}` };
    await assert.rejects(
      deliverSystem(way, () => undefined, soon(), new SecretText("a password")),
      (error: unknown) => {
        assert.ok(error instanceof PushError);
        assert.match(error.facts.summary, /^galena: Nix' own commands cannot become root on the host/);
        assert.match(error.facts.fix, /allow ops sudo without a password, or build here/);
        return true;
      },
    );
    assert.ok(lines.every((line) => !line.includes("a password")));
  });

  it("ends in an outcome when the host is away, as any deployment does", async () => {
    await using server = await startTestServer();
    const away = { ...inputs(server), targetHost: "root@127.0.0.1:1", connectDeadlineSeconds: 1 };
    const { outcome, observation } = await deliverSystem(away, () => undefined, soon());
    assert.deepEqual([outcome.kind, outcome.reason], ["unreachable", "connect ECONNREFUSED 127.0.0.1:1"]);
    assert.equal(observation, undefined);
  });
});
