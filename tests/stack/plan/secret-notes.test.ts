import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SecretIdentityError } from "../../../clan/vars/errors.ts";
import type { MachineSecrets } from "../../../clan/vars/machine-secrets.ts";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import type { Known } from "../../../stack/plan/plan-machine.ts";
import { secretNotes } from "../../../stack/plan/secret-notes.ts";
import { old } from "../../deploy/support/facts.ts";

const secrets: MachineSecrets = {
  root: "/fleet",
  digest: "sha256:new",
  identity: { path: "key", cipher: "sops", sha256: "0".repeat(64), target: "/key.txt" },
  recipients: [],
  files: [],
  userKeys: [],
};
const declared = {
  toplevel: old,
  policy: activationPolicySchema.parse({}),
  owner: { project: "fleet", stack: "core" },
  secrets,
};
const lacking = () =>
  Promise.resolve(
    new SecretIdentityError({
      summary: "galena: none of your age keys opens /fleet/key",
      expected: "the key of one of:\nage1a\nage1b",
      found: "none",
      at: "/fleet/key",
      fix: "find it",
    }),
  );
const notes = async (known: Known, changes: Partial<typeof declared> = {}) =>
  (await secretNotes("galena", known, { ...declared, ...changes }, lacking)).map(
    ({ kind, text }) => `${kind}: ${text}`,
  );
const delivered = (secretsDelivered: string | null): Known => ({ kind: "known", deployment: { secretsDelivered } });

describe("what a plan says of a machine's secrets", () => {
  const told =
    "secrets: refused before the build: none of your age keys opens /fleet/key, which is encrypted to age1a, age1b";

  it("is whose key the operator lacks, where an update would send them", async () => {
    assert.deepEqual(await notes({ kind: "none" }), [told]);
    assert.deepEqual(await notes(delivered(null)), [told]);
    assert.deepEqual(await notes(delivered("sha256:old")), [told]);
  });

  it("is nothing where the host has them, or none are sent: no key is looked for then", async () => {
    assert.deepEqual(await notes(delivered("sha256:new")), []);
    assert.deepEqual(await notes({ kind: "unreadable", why: "no state" }), []);
    assert.deepEqual(await notes({ kind: "none" }, { policy: activationPolicySchema.parse({ mode: "dry" }) }), []);
  });
});
