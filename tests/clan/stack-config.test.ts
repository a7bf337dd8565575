import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseStackConfig, StackConfigError } from "../../clan/stack-config.ts";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { FleetErrors } from "../../errors.ts";

const parse = (raw: Record<string, string>) => parseStackConfig(raw, "Pulumi.core.yaml");

describe("stack configuration", () => {
  it("is empty for a stack without any", () => {
    assert.deepEqual(parse({}), {});
  });

  it("reads structured values from their JSON and leaves other projects' keys alone", () => {
    assert.deepEqual(
      parse({ "pulumi-clan:machines": '["cinnabar","tag:laptop"]', "pulumi-clan:vars": "vars", "gcp:project": "p" }),
      { machines: ["cinnabar", "tag:laptop"], vars: "vars" },
    );
  });

  it("takes settings of Nix, but none that is a secret: they stand in an argument list", () => {
    assert.deepEqual(parse({ "pulumi-clan:nixOptions": '{"allow-dirty":"false"}' }).nixOptions, {
      "allow-dirty": "false",
    });
    const secret = { "pulumi-clan:nixOptions": '{"extra-access-tokens":"github.com=ghp_secret"}' };
    assert.throws(
      () => parse(secret),
      (error: Error) =>
        /extra-access-tokens/.test(error.message) && /nix\.conf/.test(error.message) && !/ghp_/.test(error.message),
    );
  });

  it("takes the booleans that YAML makes of a bare on or off for a node's power", () => {
    assert.deepEqual(parse({ "pulumi-clan:nodes": '{"galena":{"power":true},"scheelite":{"power":false}}' }).nodes, {
      galena: { power: "on" },
      scheelite: { power: "off" },
    });
  });

  it("names an unknown key, the known ones and the nearest", () => {
    assert.throws(
      () => parse({ "pulumi-clan:machnes": "[]" }),
      (error: unknown) => {
        assert.ok(error instanceof StackConfigError);
        assert.equal(
          error.message,
          [
            "Pulumi.core.yaml: pulumi-clan:machnes is not a key of the stack's configuration",
            "  expected: one of machines, after, hosts, nodes, policy, rollout, hostKeyPolicy, sudoPassword, identityFile, proxyJump, jumpHosts, backEnd, vars, userKeys, nixosAnywhere, systemBuilder, flake, overrideInputs, nixOptions, impure, connectDeadlineSeconds, deadlineSeconds",
            "  found:    machnes",
            "  at:       Pulumi.core.yaml: pulumi-clan:machnes",
            '  fix:      write "machines"',
          ].join("\n"),
        );
        return true;
      },
    );
  });

  it("names an unknown key below a host with its whole path", () => {
    assert.throws(
      () => parse({ "pulumi-clan:hosts": '{"galena":{"targethost":"root@192.0.2.1"}}' }),
      /pulumi-clan:hosts\.galena\.targethost is not a key[\s\S]*write "targetHost"/,
    );
  });

  it("knows the keys at every depth", () => {
    assert.throws(
      () => parse({ "pulumi-clan:hosts": '{"galena":{"policy":{"hooks":{"beforeTst":[]}}}}' }),
      /hosts\.galena\.policy\.hooks\.beforeTst is not a key[\s\S]*one of beforeTest, afterRollback[\s\S]*write "beforeTest"/,
    );
  });

  it("says what a value should be and what it is", () => {
    assert.throws(
      () => parse({ "pulumi-clan:nodes": '{"galena":{"power":"maybe"}}' }),
      (error: unknown) => {
        assert.ok(error instanceof StackConfigError);
        assert.deepEqual(error.facts, {
          summary: "Pulumi.core.yaml: pulumi-clan:nodes.galena.power has a value that cannot be used",
          expected: 'one of "on"|"off"|"absent"',
          found: '"maybe"',
          at: "Pulumi.core.yaml: pulumi-clan:nodes.galena.power",
          fix: "correct it in Pulumi.core.yaml, or: pulumi config set --path 'pulumi-clan:nodes.galena.power' …",
        });
        return true;
      },
    );
  });

  it("refuses an empty list of machines instead of taking it for all of them", () => {
    assert.throws(
      () => parse({ "pulumi-clan:machines": "[]" }),
      /pulumi-clan:machines has a value that cannot be used/,
    );
  });

  it("refuses, by its key, every deadline that a deployment would refuse", () => {
    for (const [key, value] of [
      ["testDeadlineSeconds", 4],
      ["commitDeadlineSeconds", 86_401],
      ["pushDeadlineSeconds", 1],
      ["reconnectDeadlineSeconds", 3_601],
    ] as const) {
      assert.equal(activationPolicySchema.safeParse({ [key]: value }).success, false);
      assert.throws(
        () => parse({ "pulumi-clan:policy": JSON.stringify({ [key]: value }) }),
        (error: unknown) =>
          error instanceof StackConfigError && error.facts.at === `Pulumi.core.yaml: pulumi-clan:policy.${key}`,
      );
    }
    assert.throws(() => parse({ "pulumi-clan:connectDeadlineSeconds": "3601" }), StackConfigError);
  });

  it("reports all mistakes at once", () => {
    assert.throws(
      () => parse({ "pulumi-clan:machnes": "[]", "pulumi-clan:deadlineSeconds": "-1" }),
      (error: unknown) => error instanceof FleetErrors && error.errors.length === 2,
    );
  });

  it("knows every key that a deployment's policy has, for the stack and for one host", () => {
    const keys = Object.keys(activationPolicySchema.shape);
    const defaults = JSON.stringify(activationPolicySchema.parse({}));
    assert.deepEqual(Object.keys(parse({ "pulumi-clan:policy": defaults }).policy ?? {}).sort(), keys.sort());
    assert.throws(
      () => parse({ "pulumi-clan:hosts": '{"galena":{"policy":{"mood":"switch"}}}' }),
      /pulumi-clan:hosts\.galena\.policy\.mood is not a key[\s\S]*write "mode"/,
    );
  });

  it("takes the way to hosts: jump hosts, what is known of them, and who speaks SSH", () => {
    const hosts = '{"galena":{"proxyJump":"none","backEnd":"openssh"}}';
    const jumpHosts = '{"edge":{"hostKey":"ssh-ed25519 AAAA"}}';
    const raw = { hosts, jumpHosts, proxyJump: "ops@edge:2200, inner", backEnd: "auto" };
    const parsed = parse(Object.fromEntries(Object.entries(raw).map(([name, text]) => [`pulumi-clan:${name}`, text])));
    assert.deepEqual(parsed, { ...raw, hosts: JSON.parse(hosts), jumpHosts: JSON.parse(jumpHosts) });
    assert.throws(
      () => parse({ "pulumi-clan:backEnd": "libssh" }),
      /pulumi-clan:backEnd has a value that cannot be used/,
    );
    assert.throws(() => parse({ "pulumi-clan:proxyJump": "a b" }), /expected: hosts with commas between them/);
    assert.throws(
      () => parse({ "pulumi-clan:jumpHosts": '{"edge":{"hostkey":"x"}}' }),
      /pulumi-clan:jumpHosts\.edge\.hostkey is not a key[\s\S]*write "hostKey"/,
    );
  });
});
