import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MachinePlan, PackageChange } from "../../../clan/plan/machine-plan.ts";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import type { HostFacts } from "../../../deploy/host-facts.ts";
import type { PlanFacts } from "../../../stack/plan/plan-machine.ts";
import { planWarnings } from "../../../stack/plan/plan-warnings.ts";
import { declared, hostFacts } from "../../deploy/support/facts.ts";

const owner = { project: "fleet", stack: "core" };
const facts = (host: Partial<HostFacts>, more: Partial<PlanFacts> = {}): PlanFacts => ({
  machine: "galena",
  class: "nixos",
  system: "x86_64-linux",
  buildOn: "local",
  declared: { toplevel: declared, policy: activationPolicySchema.parse({}), owner },
  known: { kind: "none" },
  look: {
    kind: "seen",
    way: { through: [], backEnd: "ssh2" },
    seen: { observation: { facts: hostFacts(host), rebootFor: [], hostKey: "SHA256:x" } },
  },
  observed: undefined,
  provenance: undefined,
  namespaces: {},
  ...more,
});
const update: Pick<MachinePlan, "change" | "packages" | "copy" | "units"> = {
  change: "update",
  packages: null,
  copy: null,
  units: null,
};
const bumped = (up: PackageChange[]): typeof update => {
  const sizeBytes = { before: 0, after: 0 };
  return { ...update, packages: { kind: "known", added: [], removed: [], up, down: [], rebuilt: 0, sizeBytes } };
};

describe("the warnings of a plan", () => {
  it("are none on a host that is well, and none where nothing is updated", () => {
    assert.deepEqual(planWarnings(facts({}), update), []);
    assert.deepEqual(planWarnings(facts({ failedUnits: ["web.service"] }), { ...update, change: "none" }), []);
  });

  it("say that the deployment would be refused, as it will be", () => {
    const foreign = { project: "fleet", stack: "other", machine: "galena" };
    assert.deepEqual(planWarnings(facts({ owner: foreign }), update), [
      "it is refused: the host belongs to fleet/other (galena); set takeOver to take it",
    ]);
    const policy = activationPolicySchema.parse({ takeOver: true });
    assert.deepEqual(
      planWarnings(facts({ owner: foreign }, { declared: { toplevel: declared, policy, owner } }), update),
      [],
    );
    const moved = { kind: "known", deployment: { formerOwners: [{ project: "fleet", stack: "other" }] } } as const;
    assert.deepEqual(planWarnings(facts({ owner: foreign }, { known: moved }), update), []);
  });

  it("say that what only a boot leads to cannot be tested", () => {
    const units = { kind: "at-boot", why: "switch inhibitors changed" } as const;
    const policy = activationPolicySchema.parse({ mode: "test" });
    assert.deepEqual(
      planWarnings(facts({}, { declared: { toplevel: declared, policy, owner } }), { ...update, units }),
      ["it is refused: the new system needs a reboot: switch inhibitors changed"],
    );
    assert.deepEqual(planWarnings(facts({}), { ...update, units }), []);
  });

  it("say what there is no room for, what has failed already, and what does not build", () => {
    const host = { freeKib: { nix: 1_000, boot: null }, failedUnits: ["web.service"] };
    const plan = {
      ...update,
      copy: { kind: "known", paths: 3, bytes: 5_000_000, differences: { kind: "unknown", why: "" } } as const,
    };
    assert.deepEqual(planWarnings(facts(host, { buildFailure: "error: builder failed\nthe log" }), plan), [
      "it does not build: error: builder failed",
      "/nix has 1.0 MB free, and 5.0 MB are copied",
      "failed already: web.service",
    ]);
  });

  it("name a new major version of what keeps data, and no other", () => {
    const change = (name: string, before: string, after: string) => ({ name, before: [before], after: [after] });
    assert.deepEqual(
      planWarnings(
        facts({}),
        bumped([
          change("postgresql", "16.9", "17.5"),
          change("postgresql", "17.4", "17.5"),
          change("openssl", "1.1", "3.0"),
        ]),
      ),
      ["postgresql 16.9 → 17.5: its data may need a migration, which no rollback undoes"],
    );
  });
});
