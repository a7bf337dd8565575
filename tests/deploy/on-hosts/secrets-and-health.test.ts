import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { checkHealth } from "../../../deploy/health/check-health.ts";
import { healthGateSchema } from "../../../deploy/health/health-gate.ts";
import type { RootShell } from "../../../deploy/root-shell.ts";
import { commitSecrets, replaceSecrets, restoreSecrets, stageSecrets } from "../../../deploy/secrets/secrets-phase.ts";
import type { FleetEvent } from "../../../report.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { testSecrets } from "../support/secrets.ts";
import { patience } from "../support/signals.ts";
import { simShell } from "../support/sim-shell.ts";

describe("secrets and health on a host", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let shell: RootShell & AsyncDisposable;
  before(async () => {
    host = await DeployedHost.start("nixos");
    shell = simShell(host.sim);
  });
  after(async () => {
    await shell?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  const key = "/var/lib/sops-nix/key.txt";
  const hostKey = "/etc/ssh/initrd_key";
  const words = ["AGE-SECRET-KEY-OLDONE", "AGE-SECRET-KEY-NEWONE", "first-host-key", "second-host-key"] as const;
  const secrets = (identity: string, content: string) =>
    testSecrets({ identities: { [key]: `${identity}\n` }, files: { [hostKey]: `${content}\n` } });

  it("replaces files in a mounted folder and a file that is a mount itself, and nobody on the host can read them on the way", async () => {
    await host.ask(
      `mkdir -p /persist/sops /var/lib/sops-nix && mount --bind /persist/sops /var/lib/sops-nix
       echo ${words[2]} >/persist/initrd_key && touch ${hostKey} && mount --bind /persist/initrd_key ${hostKey}
       echo ${words[0]} >${key}; chmod 600 ${key}`,
    );
    // Everybody's view of all processes, as fast as it can be had.
    const spy = host.ask(
      `touch /run/spying; while [ -e /run/spying ]; do
         for p in /proc/[0-9]*; do cat "$p/cmdline" "$p/environ" 2>/dev/null; done; echo; done | tr '\\0' ' ' >/run/seen; true`,
    );
    await host.ask("until [ -s /run/seen ]; do sleep 0.05; done");
    const events: FleetEvent[] = [];
    const report = (event: FleetEvent): void => void events.push(event);
    assert.equal((await stageSecrets(shell, secrets(words[1], words[3]), report, patience())).kind, "staged");
    assert.equal((await replaceSecrets(shell, report, patience())).kind, "replaced");
    assert.equal(await host.ask(`cat ${key} /persist/initrd_key`), `${words[1]}\n${words[0]}\n${words[3]}`);
    assert.equal(await host.ask(`stat -c '%a %n' ${key} ${hostKey}`), `400 ${key}\n400 ${hostKey}`);
    // The host alone, without us: what a supervisor does when nobody comes back.
    assert.match(await host.ask("sh /nix/var/pulumi-clan/secrets/phase.sh restore"), /^result\trestored$/);
    assert.equal(await host.ask(`cat ${key} /persist/initrd_key`), `${words[0]}\n${words[2]}`);
    assert.equal(await host.ask(`stat -c '%a %n' ${key} ${hostKey}`), `600 ${key}\n644 ${hostKey}`);
    await stageSecrets(shell, secrets(words[1], words[3]), report, patience());
    await replaceSecrets(shell, report, patience());
    assert.equal((await commitSecrets(shell, report, patience())).kind, "committed");
    assert.equal((await restoreSecrets(shell, report, patience())).kind, "nothing");
    await host.ask("rm /run/spying");
    await spy;
    assert.equal(
      await host.ask(`cat ${key} /persist/sops/key.txt ${hostKey} /persist/initrd_key`),
      `${words[1]}\n${words[1]}\n${words[3]}\n${words[3]}`,
    );
    assert.equal(
      await host.ask("grep -c secrets/phase.sh /run/seen | sed 's/^0$/never/; s/^[0-9]*$/seen/'"),
      "seen",
      "the spy works",
    );
    const own = host.ask("rm -f /run/seen.journal; journalctl --no-pager >/run/seen.journal; ls /run/seen.journal");
    assert.equal(await own, "/run/seen.journal");
    for (const word of words) {
      const forms = [word, Buffer.from(word).toString("base64").slice(0, 12)];
      for (const form of forms) {
        assert.equal(
          await host.ask(`grep -c -e '${form}' /run/seen /run/seen.journal || true`),
          "/run/seen:0\n/run/seen.journal:0",
          form,
        );
        assert.ok(!JSON.stringify(events).includes(form));
      }
    }
    // Only where they belong: neither the old ones nor copies are left.
    assert.equal(
      await host.ask(
        `grep -rl -e OLDONE -e first-host-key /nix/var /persist /var/log /tmp /etc/ssh 2>/dev/null || echo none`,
      ),
      "none",
    );
    assert.equal(await host.ask("ls /nix/var/pulumi-clan/secrets"), "installed\nphase.sh");
  });

  it("looks at units: one that runs, one that starts again and again, one that is not there", async () => {
    const unit = (name: string, command: string): string =>
      `printf '[Service]\\nExecStart=${command}\\nRestart=always\\nRestartSec=100ms\\n[Unit]\\nStartLimitIntervalSec=0\\n' >/run/systemd/system/${name}.service`;
    await host.ask(
      `${unit("steady", "/bin/sleep infinity")}; ${unit("flapping", "/bin/sleep 0.4")}; systemctl daemon-reload; systemctl start steady flapping`,
    );
    const check = async (units: readonly string[]) => {
      const timing = { deadlineSeconds: 6, intervalSeconds: 0.3, stableForSeconds: 2 };
      const gate = healthGateSchema.parse({ kind: "units", units, ...timing });
      return checkHealth(shell, [gate], () => undefined, patience());
    };
    assert.equal((await check(["steady.service"])).passed, true);
    const flapping = await check(["steady.service", "flapping.service"]);
    assert.equal(flapping.passed, false, "active at many looks, and not healthy");
    assert.match(
      (await check(["absent.service"])).reason ?? "",
      /^units absent\.service: not healthy within 6 s: absent\.service is not-found$/,
    );
  });

  it("reaches the host's sshd from here and from there", async () => {
    const gates = ["operator", "host"].map((from) => healthGateSchema.parse({ kind: "tcp", port: 22, from }));
    assert.equal((await checkHealth(shell, gates, () => undefined, patience())).passed, true);
  });

  it("keeps the old identity for the system that runs until the new one was booted", async () => {
    const one = await host.system({ name: "secrets-one" });
    const two = await host.system({ name: "secrets-two" });
    const source = (identity: string) => ({ stage: () => Promise.resolve(secrets(identity, words[3])) });
    const keys = (): Promise<string> => host.ask(`paste -sd ' ' ${key}`);
    assert.equal((await host.deploy(one, { secrets: source("KEY-A") })).kind, "switched");
    assert.equal(await keys(), "KEY-A");
    for (const _attempt of [1, 2]) {
      const staged = await host.deploy(two, { secrets: source("KEY-B"), policy: { mode: "boot" } });
      assert.deepEqual([staged.kind, await keys()], ["staged-for-reboot", "KEY-B KEY-A"]);
    }
    assert.equal((await host.deploy(two, { secrets: source("KEY-B") })).kind, "switched");
    assert.equal(await keys(), "KEY-B");
    assert.equal((await host.deploy(one, { secrets: source("KEY-C"), policy: { mode: "test" } })).kind, "switched");
    assert.equal(await keys(), "KEY-C KEY-B", "the default boot entry is still the other system");
    const policy = { mode: "boot", rebootPolicy: "always" };
    assert.equal((await host.deploy(one, { secrets: source("KEY-D"), policy })).kind, "switched");
    assert.equal(await keys(), "KEY-D", "booted, so the others are not needed");
  });

  it("keeps both identities on the way back, until the previous system runs", async () => {
    const source = (identity: string) => ({
      stage: () => Promise.resolve(testSecrets({ identities: { [key]: `${identity}\n` } })),
    });
    const seen = "/run/keys-on-the-way-back";
    const beforeActivation = `paste -sd ' ' ${key} >${seen}`;
    const before = await host.system({ name: "before-way-back", beforeActivation });
    assert.equal((await host.deploy(before, { secrets: source("KEY-OLD") })).kind, "switched");
    const broken = await host.system({ name: "broken", units: { broken: "/bin/false" } });
    assert.equal((await host.deploy(broken, { secrets: source("KEY-NEW") })).kind, "rolled-back");
    assert.equal(await host.ask(`cat ${seen}`), "KEY-NEW KEY-OLD", "the declared system still ran, and needed its own");
    assert.equal(await host.ask(`paste -sd ' ' ${key}`), "KEY-OLD");
  });
});
