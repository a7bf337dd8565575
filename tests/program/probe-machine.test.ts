import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "mocha";
import type { HostFacts } from "../../deploy/host-facts.ts";
import type { LastSwitch } from "../../deploy/observation/observe-host.ts";
import { hostProber, renderLook } from "../../program/probe-machine.ts";
import { declared, foreign, hostFacts } from "../deploy/support/facts.ts";

describe("a machine's line in a preview", () => {
  const probe = async (targetHost: string) => {
    const way = {
      targetHost,
      definedAt: "Pulumi.core.yaml",
      from: "stack" as const,
      identityFiles: ["/nonexistent/key"],
      hostKeys: [],
    };
    const stack = { project: "p", name: "core", file: "Pulumi.core.yaml", config: {} };
    const prober = hostProber(new Map([["galena", way]]), stack, AbortSignal.timeout(20_000));
    return (await prober("galena", targetHost, "nixos", { toplevel: declared, specialisation: null })).line;
  };

  it("says what is wrong with the way to its host, and the preview goes on", async () => {
    assert.match(await probe("root@no such host"), /^could not be asked: .* is no SSH target/);
  });

  it("says that nobody answers", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await probe(`root@127.0.0.1:${address.port}`), /^unreachable: .*ECONNREFUSED/);
  });

  const seen = (
    facts: Partial<HostFacts>,
    more: { readonly lastSwitch?: LastSwitch; readonly through?: string; readonly specialisation?: string } = {},
  ): string => {
    const { lastSwitch, through = [], specialisation = null } = more;
    const observation = {
      facts: hostFacts(facts),
      rebootFor: [],
      hostKey: "SHA256:x",
      ...(lastSwitch && { lastSwitch }),
    };
    const way = { through: [through].flat(), backEnd: "ssh2" } as const;
    return renderLook({ kind: "seen", seen: observation, way }, { toplevel: declared, specialisation });
  };
  const runs = { current: declared, profile: declared, generation: 8 };

  it("says what the host runs and what it will run, and the jump hosts on the way", () => {
    assert.equal(seen(runs), "reachable, runs 1111111-nixos-system-galena, generation 8");
    assert.equal(
      seen(runs, { through: "edge" }),
      "reachable through edge, runs 1111111-nixos-system-galena, generation 8",
    );
    assert.equal(seen({}), "reachable, 0000000-nixos-system-galena → 1111111-nixos-system-galena");
    assert.match(seen({ current: declared }), /not committed: a reboot would undo it$/);
  });

  it("says that a specialisation runs, or shall", () => {
    const docked = { ...runs, current: foreign, specialisations: [{ of: declared, name: "docked" }] };
    assert.equal(
      seen(docked, { specialisation: "docked" }),
      "reachable, runs 1111111-nixos-system-galena, specialisation docked, generation 8",
    );
    assert.equal(
      seen(docked),
      "reachable, 1111111-nixos-system-galena, specialisation docked → 1111111-nixos-system-galena",
    );
  });

  it("names who else deployed what it runs", () => {
    assert.equal(
      seen({}, { lastSwitch: { tool: "nixos-rebuild", at: 1_790_000_000 } }),
      "reachable, 0000000-nixos-system-galena (last switched 2026-09-21T14:13:20Z by nixos-rebuild) → 1111111-nixos-system-galena",
    );
    assert.doesNotMatch(seen({}, { lastSwitch: { tool: "pulumi-clan", at: 1_790_000_000 } }), /switched/);
  });
});
