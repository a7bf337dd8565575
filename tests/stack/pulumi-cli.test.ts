import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { MissingStackError, PulumiCliError, readDecryptedConfig, readDialledHosts } from "../../stack/pulumi-cli.ts";
import { readStackFile, withDecrypted } from "../../stack/read-stack-file.ts";
import { patience } from "../deploy/support/signals.ts";
import { type PulumiStack, pulumiStack } from "./support/pulumi-stack.ts";

describe("what only Pulumi knows of a stack", function () {
  this.timeout(110_000);
  let root = "";
  let stack: PulumiStack;
  const environment = { ...process.env };
  const password = `a "password" with $(id) and 'quotes'`;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "project-"));
    await writeFile(join(root, "Pulumi.yaml"), "name: small\nruntime: nodejs\n");
    stack = await pulumiStack(root, "small");
    await stack.set("pulumi-clan:machines[0]", "galena");
    await stack.set("pulumi-clan:hosts.galena.targetHost", "ops@192.0.2.7");
    await stack.set("pulumi-clan:sudoPassword", password, "secret");
    await stack.set("pulumi-clan:hosts.galena.identityFile", "keys/galena", "secret");
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  });
  const as = (changes: Readonly<Record<string, string | undefined>>) => {
    Object.assign(process.env, stack.env);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    return { root, name: "core" };
  };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  });
  const failure = async (promise: Promise<unknown>): Promise<PulumiCliError> => {
    const error = await promise.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof PulumiCliError, String(error));
    return error;
  };

  it("are the plain texts of its secrets, over what its file says", async () => {
    const onDisk = await readStackFile(root, { name: "core" });
    assert.deepEqual([...onDisk.secretKeys].sort(), [
      "pulumi-clan:hosts.galena.identityFile",
      "pulumi-clan:sudoPassword",
    ]);
    const { config, secretKeys } = withDecrypted(onDisk, await readDecryptedConfig(as({}), patience()));
    assert.deepEqual([config.sudoPassword, config.machines, secretKeys], [password, ["galena"], []]);
    assert.deepEqual(config.hosts, { galena: { targetHost: "ops@192.0.2.7", identityFile: "keys/galena" } });
  });

  it("is what the last update dialled; nothing before the first", async () => {
    assert.equal((await readDialledHosts(as({}), patience())).size, 0);
    const dialledAt = { outcome: "switched", targetHost: "root@galena.zt", atNode: "root@192.0.2.14" };
    const row = { class: "nixos", ...dialledAt };
    await stack.importOutputs({ machines: { galena: row }, other: 7 });
    // The state's own secrets are none of our business: no passphrase is needed.
    const dialled = await readDialledHosts(as({ PULUMI_CONFIG_PASSPHRASE: undefined }), patience());
    assert.deepEqual([...dialled], [["galena", dialledAt]]);
  });

  it("says why it cannot be had, in Pulumi's words and without any secret", async () => {
    const wrong = await failure(readDecryptedConfig(as({ PULUMI_CONFIG_PASSPHRASE: "another" }), patience()));
    assert.match(wrong.facts.found, /incorrect passphrase/);
    const none = await failure(readDecryptedConfig(as({ PULUMI_CONFIG_PASSPHRASE: undefined }), patience()));
    assert.match(none.facts.found, /passphrase must be set/);
    const gone = await failure(readDialledHosts({ ...as({}), name: "nowhere" }, patience()));
    assert.match(gone.facts.found, /no stack named 'nowhere' found/);
    assert.ok(gone instanceof MissingStackError && !(wrong instanceof MissingStackError));
    assert.match(gone.facts.fix, /^pulumi stack init nowhere, or/);
    const absent = await failure(readDialledHosts(as({ PATH: "/nonexistent" }), patience()));
    assert.deepEqual(
      [absent.facts.found, absent.facts.fix],
      ["no `pulumi` in PATH", "install Pulumi's CLI, or put it into PATH"],
    );
    for (const { message } of [wrong, none, gone, absent]) assert.ok(!message.includes(password));
  });

  it("is given up with the caller's signal", async () => {
    const stop = new AbortController();
    const asked = readDialledHosts(as({}), stop.signal);
    stop.abort(new Error("^C"));
    await assert.rejects(asked, /\^C/);
  });
});
