import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { HostKeyMismatchError } from "../../../deploy/errors.ts";
import { connect } from "../../../deploy/ssh/connect.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { fingerprint, type HostKey, parseHostKey } from "../../../deploy/ssh/host-key.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { deliverSystem } from "../../../stack/deliver-system.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

const keyFile = "/etc/ssh/ssh_host_ed25519_key";

describe("a system that brings the host another key", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let former: HostKey;
  let next: HostKey;
  let plain: StorePath;
  before(async () => {
    host = await DeployedHost.start("nixos");
    former = parseHostKey(host.sim.hostKey);
    const make = (name: string): string => `ssh-keygen -q -t ed25519 -N '' -C '' -f /root/${name}`;
    await host.ask(`cp -p ${keyFile} /root/former; ${make("next")}; ${make("unknown")}`);
    next = parseHostKey(await host.ask("cat /root/next.pub"));
    plain = await system("former");
    assert.equal((await host.deploy(plain)).kind, "switched");
  });
  after(() => host[Symbol.asyncDispose]());

  /** As clan's sshd service has it: the key is put into place when the system is activated, and sshd restarted. */
  const system = (key: string): Promise<StorePath> =>
    host.system({ name: `key-${key}`, afterActivation: `cp /root/${key} ${keyFile}; systemctl restart ssh` });
  const pin = (key: HostKey, source: string) => ({ key, source });
  const showing = (key: HostKey): ConnectionSpec =>
    connectionSpecSchema.parse({ ...host.spec, hostKeys: [pin(key, "test")], connectDeadlineSeconds: 20 });
  const deliver = (toplevel: StorePath, report: (event: FleetEvent) => void = () => undefined) => {
    const { name, address, identityFile } = host.sim;
    const delivery = {
      machine: name,
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: [pin(next, "vars/new")],
      formerHostKeys: [pin(former, "vars/old")],
      connectDeadlineSeconds: 20,
      class: "nixos",
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      toplevel,
      buildOn: "local",
      policy: activationPolicySchema.parse({ ackDeadlineSeconds: 60 }),
      deadlineSeconds: 100,
      owner: { project: "fleet", stack: "test" },
    } as const;
    return deliverSystem(delivery, report, patience());
  };

  it("goes back when the key is neither the one it had nor the declared one", async () => {
    const { outcome, observation } = await deliver(await system("unknown"));
    assert.equal(outcome.kind, "rolled-back");
    assert.match(outcome.reason ?? "", /^no new connection to the host: .*host key is not/);
    assert.equal(observation?.hostKey, fingerprint(former));
    assert.equal((await host.witness()).current, plain);
  });

  it("is committed although it keeps the former key, which is said", async () => {
    const events: FleetEvent[] = [];
    const same = await host.system({ name: "same-key" });
    const { outcome, observation } = await deliver(same, (event) => void events.push(event));
    assert.deepEqual([outcome.kind, observation?.hostKey], ["switched", fingerprint(former)]);
    const said = events.filter(({ phase }) => phase === "host-key").map(({ message }) => message);
    assert.deepEqual(said, ["the host does not show its declared key yet; the former one is accepted until it does"]);
  });

  it("is committed by an acknowledgement over the declared key, and known by that alone from then on", async () => {
    const rotated = await system("next");
    const { outcome, observation } = await deliver(rotated);
    assert.deepEqual([outcome.kind, observation?.hostKey], ["switched", fingerprint(next)], outcome.reason);
    assert.equal((await host.witness()).boots, rotated);
    await assert.rejects(
      connect(showing(former), () => undefined, patience()),
      HostKeyMismatchError,
    );
    await using known = await connect(showing(next), () => undefined, patience());
    assert.equal(known.hostKey, next);
  });
});
