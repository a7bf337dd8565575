import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import { after, before, describe, it } from "mocha";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { makeKeyPair } from "../../deploy/ssh/key-pair.ts";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { PluginProcess } from "./support/plugin-process.ts";

const toplevel = parseStorePath("/nix/store/00000000000000000000000000000000-nixos-system-galena");
const inputs = {
  machine: "galena",
  class: "nixos",
  system: "x86_64-linux",
  toplevel,
  drvPath: `${toplevel}.drv`,
  buildOn: "target",
  targetHost: "root@127.0.0.1:1",
  identityFiles: [],
  hostKeys: [],
  policy: activationPolicySchema.parse({}),
  connectDeadlineSeconds: 1,
  deadlineSeconds: 60,
  owner: { project: "pulumi-clan", stack: "test" },
  observed: null,
  power: "on",
  reportTo: "urn:pulumi:test::pulumi-clan::clan:index:Machine::galena",
} as const;

/** Pulumi's own plugin process with our stored shell in it, and an engine that only takes logs. */
describe("SystemClosure in Pulumi's dynamic provider process", function () {
  this.timeout(60_000);
  let plugin: PluginProcess;
  let folder = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "dynamic-process-"));
    await writeFile(join(folder, "id"), makeKeyPair().privateKey, { mode: 0o600 });
    plugin = await PluginProcess.start(inputs);
  });
  after(async () => {
    await plugin[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const properties = (more: Record<string, unknown> = {}) => plugin.properties({ ...inputs, ...more });

  it("answers diff from the stored shell with today's code: an address is no difference, a system is", async () => {
    const seen = {
      running: toplevel,
      profile: toplevel,
      generation: 2,
      outcome: "switched",
      failedUnits: [],
      seconds: 1,
    };
    const changes = async (news: Record<string, unknown>): Promise<number> => {
      const request = new provider.DiffRequest();
      request.setId("galena");
      request.setOlds(properties(seen));
      request.setNews(properties(news));
      const response = await plugin.call("diff", request);
      assert.ok(response instanceof provider.DiffResponse);
      return response.getChanges();
    };
    const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
    assert.equal(await changes({ targetHost: "root@192.0.2.1" }), DIFF_NONE);
    assert.equal(await changes({ toplevel: toplevel.replaceAll("0", "1") }), DIFF_SOME);
  });

  it("creates nothing and keeps nothing for a host whose key nobody pinned, and says why", async () => {
    const request = new provider.CreateRequest();
    request.setProperties(properties({ buildOn: "local", drvPath: "/nix/store/none.drv" }));
    const failure = await plugin.call("create", request).then(
      () => assert.fail("it was created"),
      (error: grpc.ServiceError) => error,
    );
    assert.match(failure.message, /galena: its system does not build[\s\S]*fix:/);
    assert.deepEqual(
      failure.metadata.get("grpc-status-details-bin"),
      [],
      "no partial failure: the host was not touched",
    );
  });

  it("keeps the last known state of a host that does not answer a refresh, and warns on the machine's line", async () => {
    const request = new provider.ReadRequest();
    request.setId("galena");
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const seen = {
      running: toplevel,
      profile: toplevel,
      generation: 2,
      outcome: "switched",
      failedUnits: [],
      seconds: 1,
    };
    request.setProperties(
      properties({ ...seen, hostKeys: [{ key, source: "this test" }], identityFiles: [join(folder, "id")] }),
    );
    const response = await plugin.call("read", request);
    assert.ok(response instanceof provider.ReadResponse);
    assert.equal(response.getId(), "galena");
    assert.equal(response.getProperties()?.toJavaScript()["running"], toplevel);
    assert.deepEqual(
      plugin.lasting.map(({ urn, message }) => [urn, message.split(":")[0], /not reachable/.test(message)]),
      [[inputs.reportTo, "refresh", true]],
    );
  });
});
