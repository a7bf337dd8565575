import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { composeScript } from "../../../deploy/host-script.ts";
import { parseGenerations, previousGeneration } from "../../../deploy/observation/generations.ts";
import { parseObservation } from "../../../deploy/observation/observe-host.ts";
import { declared, foreign, old } from "../support/facts.ts";
import { addProgram, localShell } from "../support/local-shell.ts";
import { soon } from "../support/signals.ts";

const entry = (seconds: number, units: Record<string, string> = {}): string =>
  JSON.stringify({
    __REALTIME_TIMESTAMP: String(seconds * 1e6),
    MESSAGE: "switching to system configuration",
    ...units,
  });
const journal = (switched: string, tool: string): ReturnType<typeof parseObservation>["lastSwitch"] =>
  parseObservation(`switched\t${switched}\ntool\t${tool}\nend\n`).lastSwitch;

describe("who switched a host last", () => {
  it("is the tool whose unit called switch-to-configuration", () => {
    const unit = (name: string) => entry(100, { _SYSTEMD_UNIT: name });
    assert.deepEqual(journal(unit("nixos-rebuild-switch-to-configuration.service"), ""), {
      tool: "nixos-rebuild",
      at: 100,
    });
    assert.deepEqual(journal(unit("clan-switch-galena-0a1b2c3d.service"), ""), { tool: "clan", at: 100 });
    assert.deepEqual(journal(unit("nixos-upgrade.service"), "")?.tool, "system.autoUpgrade");
    assert.deepEqual(journal(unit("comin.service"), "")?.tool, "comin");
    assert.deepEqual(journal(unit("pulumi-clan-0123456789abcdef-test-1.service"), "")?.tool, "pulumi-clan");
  });

  it("is found by the unit's own messages, too, where the switch does not name its unit", () => {
    const tool = entry(104, { UNIT: "nixos-rebuild-switch-to-configuration.service", _SYSTEMD_UNIT: "init.scope" });
    assert.deepEqual(journal(entry(100), tool), { tool: "nixos-rebuild", at: 100 });
  });

  it("is nobody's tool for a switch long after the last unit", () => {
    const tool = entry(100, { UNIT: "pulumi-clan-0123456789abcdef-test-1.service" });
    assert.deepEqual(journal(entry(500, { _SYSTEMD_UNIT: "session-3.scope" }), tool), { at: 500 });
  });

  it("is not known without a journal, or with one that was cut", () => {
    assert.equal(journal("", ""), undefined);
    assert.equal(journal('{"MESSAGE":[1,2', "nonsense"), undefined);
    assert.deepEqual(parseObservation(""), { rebootFor: [] });
  });

  it("is not waited for where the journal takes its time", async () => {
    await using shell = await localShell();
    await addProgram(shell, "journalctl", "#!/bin/sh\nexec sleep 3600\n");
    const script = new URL("../../../deploy/observation/scripts/observe.sh", import.meta.url);
    const { stdout } = await shell.exec(composeScript("observe", [script], []), {}, soon());
    assert.equal(stdout, "switched\t\ntool\t\nend\n");
  });
});

describe("how a host's last deployment ended", () => {
  const record = {
    at: 1_790_000_000,
    verdict: "rolled-back",
    toplevel: declared,
    owner: { project: "p", stack: "s", machine: "m" },
    by: "ops@desk",
  };

  it("is the last line of its own record; what is none is not known", () => {
    assert.deepEqual(parseObservation(`last\t${JSON.stringify(record)}\nend\n`).lastDeployment, record);
    for (const text of ["", "{", JSON.stringify({ ...record, verdict: "fine" })])
      assert.equal("lastDeployment" in parseObservation(`last\t${text}\nend\n`), false);
  });
});

describe("when a host was deployed to last", () => {
  it("is the age of its profile's generation, where the host can tell it", () => {
    assert.equal(parseObservation("deployed\t1790000000\nend\n").deployedAt, 1_790_000_000);
    assert.equal("deployedAt" in parseObservation("deployed\t\nend\n"), false);
  });
});

describe("parts that only a boot brings", () => {
  it("are listed", () => {
    assert.deepEqual(parseObservation("reboot\tkernel\nreboot\tinitrd\nend\n").rebootFor, ["kernel", "initrd"]);
  });
});

describe("a host's generations", () => {
  it("are read from its profile's links; other links are none", () => {
    const text = `7\t1790000000\t${old}\n8\t1790000100\t${declared}\n9\t0\t/home/me/result\nx-1\t0\t${old}\n`;
    assert.deepEqual(parseGenerations(text), [
      { number: 7, madeAt: 1_790_000_000, toplevel: old },
      { number: 8, madeAt: 1_790_000_100, toplevel: declared },
    ]);
  });

  it("are gone back to by system, not by number: the same system again is no way back", () => {
    const made = (number: number, toplevel: typeof old) => ({ number, madeAt: 0, toplevel });
    const generations = [made(6, old), made(7, declared), made(8, declared)];
    assert.equal(previousGeneration(generations, { generation: 8, toplevel: declared })?.number, 6);
    assert.equal(previousGeneration(generations, { generation: 6, toplevel: old }), undefined);
    assert.equal(previousGeneration([], { generation: null, toplevel: null }), undefined);
  });

  it("are left where they are by a host that went back by hand: what its profile has may be what does not boot", () => {
    const made = (number: number, toplevel: typeof old) => ({ number, madeAt: 0, toplevel });
    const generations = [made(6, declared), made(7, old), made(8, declared), made(9, declared)];
    assert.equal(previousGeneration(generations, { generation: 9, toplevel: old })?.number, 7);
    assert.equal(previousGeneration(generations, { generation: 9, toplevel: foreign })?.number, 9);
  });
});
