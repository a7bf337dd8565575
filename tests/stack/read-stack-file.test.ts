import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { StackConfigError } from "../../clan/stack-config.ts";
import { readStackFile } from "../../stack/read-stack-file.ts";

describe("a stack's files, read without Pulumi", () => {
  let root = "";
  const write = (file: string, text: string): Promise<void> => writeFile(path.join(root, file), text);
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "stack-"));
    await write("Pulumi.yaml", "name: fleet\nruntime: nodejs\n");
  });
  afterEach(() => rm(root, { recursive: true }));

  it("give what Pulumi gives: structured values, booleans of a bare on, other projects' keys left alone", async () => {
    await write(
      "Pulumi.core.yaml",
      `config:
  pulumi-clan:machines: [cinnabar, "tag:laptop"]
  pulumi-clan:nodes: { galena: { power: on } }
  pulumi-clan:deadlineSeconds: 600
  pulumi-clan:vars: "12"
  gcp:project: p
encryptionsalt: v1:abc
`,
    );
    const { raw, ...stack } = await readStackFile(root, { name: "core" });
    assert.equal(raw["pulumi-clan:machines"], '["cinnabar","tag:laptop"]');
    assert.deepEqual(stack, {
      project: "fleet",
      name: "core",
      file: "Pulumi.core.yaml",
      config: {
        machines: ["cinnabar", "tag:laptop"],
        nodes: { galena: { power: "on" } },
        deadlineSeconds: 600,
        vars: "12",
      },
      secretKeys: [],
    });
  });

  it("leave out what only Pulumi can decrypt, and name it", async () => {
    await write(
      "Pulumi.core.yaml",
      `config:
  pulumi-clan:hosts: { galena: { targetHost: root@192.0.2.1, identityFile: { secure: v1:abc } } }
  gcp:credentials: { secure: v1:abc }
`,
    );
    const { config, secretKeys } = await readStackFile(root, { name: "core" });
    assert.deepEqual(config, { hosts: { galena: { targetHost: "root@192.0.2.1" } } });
    assert.deepEqual(secretKeys, ["pulumi-clan:hosts.galena.identityFile"]);
  });

  it("take the project's own values where the stack has none", async () => {
    await write(
      "Pulumi.yaml",
      "name: fleet\nconfig:\n  pulumi-clan:vars: { default: machines/vars }\n  pulumi-clan:deadlineSeconds: 60\n",
    );
    await write("Pulumi.core.yaml", "config:\n  pulumi-clan:deadlineSeconds: 70\n");
    assert.deepEqual((await readStackFile(root, {})).config, { vars: "machines/vars", deadlineSeconds: 70 });
  });

  it("are those of the only stack, else of `local`, else of the one that is named", async () => {
    await write("Pulumi.core.yaml", "config: {}\n");
    assert.equal((await readStackFile(root, {})).name, "core");
    await write("Pulumi.local.yaml", "");
    assert.equal((await readStackFile(root, {})).name, "local");
    assert.equal((await readStackFile(root, { name: "core" })).name, "core");
  });

  it("may lie where the project says, or be a file that is named", async () => {
    await write("Pulumi.yaml", "name: fleet\nstackConfigDir: stacks\n");
    await mkdir(path.join(root, "stacks"));
    await write("stacks/Pulumi.core.yaml", "config: { pulumi-clan:vars: a }\n");
    await write("other.yaml", "config: { pulumi-clan:vars: b }\n");
    assert.equal((await readStackFile(root, { name: "core" })).config.vars, "a");
    assert.equal((await readStackFile(root, { name: "core", file: path.join(root, "other.yaml") })).config.vars, "b");
  });

  it("that are missing or broken are said by name", async () => {
    await assert.rejects(readStackFile(root, { name: "gone" }), (error: unknown) => {
      assert.ok(error instanceof StackConfigError);
      assert.equal(error.facts.summary, "Pulumi.gone.yaml: stack gone is not configured here");
      return true;
    });
    await write("Pulumi.core.yaml", "config: [\n");
    await assert.rejects(readStackFile(root, {}), /Pulumi\.core\.yaml cannot be read/);
    await write("Pulumi.core.yaml", "config: { pulumi-clan:machnes: [] }\n");
    await assert.rejects(readStackFile(root, {}), /write "machines"/);
  });
});
