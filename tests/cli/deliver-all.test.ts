import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { planRollout } from "../../clan/rollout/plan-rollout.ts";
import type { RolloutConfig } from "../../clan/rollout/rollout-schema.ts";
import { deliverAll } from "../../cli/deliver-all.ts";
import { exitCodeOf, type Result, renderResults, resultsJson } from "../../cli/delivery-results.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { parseHostKey } from "../../deploy/ssh/host-key.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import type { Delivery } from "../../stack/delivery.ts";

const key = parseHostKey("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZ0bXB0ZXN0a2V5Zm9yZGVsaXZlcnktdGVzdHMtMDAw");
const machines = ["galena", "cinnabar"] as const;
const fleet = { galena: { tags: [] }, cinnabar: { tags: [] } };

/** To a port that nobody listens on. */
function delivery(machine: string): Delivery {
  return {
    machine,
    class: "nixos",
    system: "x86_64-linux",
    toplevel: parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system"),
    buildOn: "local",
    targetHost: "root@127.0.0.1:1",
    identityFiles: [],
    hostKeys: [{ key, source: "this test" }],
    policy: activationPolicySchema.parse({}),
    connectDeadlineSeconds: 1,
    deadlineSeconds: 600,
    owner: { project: "pulumi-clan", stack: "test" },
  };
}

async function deliver(config: RolloutConfig): Promise<{ results: readonly Result[]; told: string; code: number }> {
  const told: string[] = [];
  const terminal: Terminal = {
    exitCode: 0,
    answer: () => undefined,
    clear: () => undefined,
    tell: (text) => told.push(text),
  };
  const plan = planRollout({ fleet, machines: [...machines], config, operator: new Map(), file: "stack" });
  const { signal } = new AbortController();
  const rollout = { plan, healthGatesOf: () => [] };
  const options = { parallel: 2, verbose: false, rollout };
  const results = await deliverAll(machines.map(delivery), options, terminal, signal);
  return { results, told: told.join("\n"), code: exitCodeOf(results, signal) };
}

const kinds = (results: readonly Result[]): string[] =>
  results.map((result) => ("held" in result ? result.held : "outcome" in result ? result.outcome.kind : "failed"));

describe("several deployments in the order of their rollout", function () {
  this.timeout(120_000);

  it("hold what is behind a host that does not answer, and say why", async () => {
    const { results, told, code } = await deliver({ canaries: ["galena"] });
    assert.deepEqual([kinds(results), code], [["unreachable", "held"], 1]);
    assert.match(told, /wave canaries is closed, nothing behind it is deployed to: galena: its deployment failed/);
    assert.match(renderResults(results), /^cinnabar +held +wave canaries is closed$/m);
    assert.match(
      resultsJson(results),
      /"kind": "held",\n {4}"machine": "cinnabar",\n {4}"reason": "wave canaries is closed"/,
    );
  });

  it("go on where the stack says so", async () => {
    const { results, code } = await deliver({ canaries: ["galena"], onFailure: "continue" });
    assert.deepEqual([kinds(results), code], [["unreachable", "unreachable"], 1]);
  });

  it("leave hosts that do not answer, which is no failure where the stack says so", async () => {
    const skipped = await deliver({ canaries: ["galena"], unreachable: "skip" });
    assert.deepEqual([kinds(skipped.results), skipped.code], [["skipped", "skipped"], 0]);
    const queued = await deliver({ canaries: ["galena"], unreachable: "queue" });
    assert.deepEqual([kinds(queued.results), queued.code], [["queued", "queued"], 0]);
  });
});
