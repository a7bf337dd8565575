import assert from "node:assert/strict";
import { once } from "node:events";
import type * as grpc from "@grpc/grpc-js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import statusProto from "@pulumi/pulumi/proto/status_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { after, before, describe, it } from "mocha";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { DeployedHost, gate } from "../deploy/support/deployed-host.ts";
import { derivationOf } from "../deploy/support/derivation-of.ts";
import { PluginProcess } from "./support/plugin-process.ts";

const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

describe("the provider's process, told to stop while a host is being switched", function () {
  this.timeout(180_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
  });
  after(() => host[Symbol.asyncDispose]());

  it("leaves the step to the host, ends at once with the true state, and goes on there the next time", async () => {
    const held = gate("interrupt");
    const fixture = await host.system({ name: "held", afterActivation: held.lines });
    const { drvPath, toplevel } = await derivationOf(fixture, "held");
    const { name, address, identityFile, hostKey } = host.sim;
    const inputs = {
      machine: name,
      class: "nixos",
      system,
      toplevel,
      drvPath,
      buildOn: "local",
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: [{ key: hostKey, source: "this test" }],
      policy: activationPolicySchema.parse({}),
      connectDeadlineSeconds: 20,
      deadlineSeconds: 600,
      owner: { project: "fleet", stack: "test" },
      power: "on",
      reportTo: "urn:pulumi:test::fleet::clan:index:Machine::galena",
    };
    const request = (process: PluginProcess): unknown => {
      const create = new provider.CreateRequest();
      create.setProperties(process.properties(inputs));
      return create;
    };

    let kept: Record<string, unknown> = {};
    {
      await using first = await PluginProcess.start(inputs);
      const created = first.call("create", request(first)).then(
        () => assert.fail("it was created"),
        (error: grpc.ServiceError) => error,
      );
      await host.ask(held.reached);
      const told = performance.now();
      first.child.kill("SIGINT");
      const failure = await created;
      assert.ok(performance.now() - told < 5_000, "Pulumi kills the process 5 s after the signal");
      kept = propertiesOf(failure);
    }
    assert.deepEqual([kept["outcome"], kept["running"], kept["generation"]], ["interrupted", toplevel, 1]);
    assert.notEqual(kept["profile"], toplevel);

    await host.ask(held.open);
    await using second = await PluginProcess.start(inputs);
    const update = new provider.UpdateRequest();
    update.setId(name);
    update.setOlds(second.properties(kept));
    update.setNews(second.properties(inputs));
    const answer = await second.call("update", update);
    assert.ok(answer instanceof provider.UpdateResponse);
    const props = answer.getProperties()?.toJavaScript() ?? {};
    assert.deepEqual([props["outcome"], props["running"], props["profile"]], ["switched", toplevel, toplevel]);
    assert.deepEqual(await host.calls(toplevel as never), ["test", "boot"], "nothing ran twice");
    assert.deepEqual([props["drift"], props["openTransaction"], props["bootId"] !== null], [null, null, true]);
    const lines = second.lasting.map(({ message }) => message.split(":")[0]);
    assert.ok(lines.length <= 8, `a line a phase, not one a unit: ${lines.join(" ")}`);

    // As at the end of every update: with nothing under way it does not wait to be killed.
    const ended = once(second.child, "exit");
    second.child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
  });
});

/** What the engine keeps of a failed create. Source: pulumi 3.250, sdk/proto/pulumi/provider.proto, ErrorResourceInitFailed. */
function propertiesOf(failure: grpc.ServiceError): Record<string, unknown> {
  const [packed] = failure.metadata.get("grpc-status-details-bin");
  assert.ok(packed instanceof Uint8Array, failure.message);
  const [detail] = statusProto.Status.deserializeBinary(packed).getDetailsList();
  assert.ok(detail);
  const failed = provider.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return (failed.getProperties() ?? new structProto.Struct()).toJavaScript();
}
