import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "mocha";
import { checkHealth } from "../../../deploy/health/check-health.ts";
import { type HealthGate, healthGateSchema, renderGate } from "../../../deploy/health/health-gate.ts";
import { judgeUnits } from "../../../deploy/health/judge-look.ts";
import type { RootShell } from "../../../deploy/root-shell.ts";
import type { FleetEvent } from "../../../report.ts";
import { addProgram, localShell } from "../support/local-shell.ts";
import { patience } from "../support/signals.ts";

// Patient: on a busy machine a look takes seconds. Who waits for a failure waits for `brief` seconds, and at least one look.
const fast = { deadlineSeconds: 60, intervalSeconds: 0.1, attemptSeconds: 20 };
const brief = 4;
const gate = (raw: Readonly<Record<string, unknown>>): HealthGate => healthGateSchema.parse({ ...fast, ...raw });
const check = (shell: RootShell, ...gates: readonly HealthGate[]) =>
  checkHealth(shell, gates, () => undefined, patience());
const tools = ["sed", "head", "tail", "tr", "grep", "cat", "sleep"];

describe("health gates", function () {
  this.timeout(120_000);
  let web: ReturnType<typeof createHttpServer>;
  let address: string;
  let port: number;
  let statuses: number[];
  before(async () => {
    web = createHttpServer((request, response) => {
      if (request.url === "/moved") response.writeHead(302, { location: "/" });
      else response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 500) : (statuses[0] ?? 200));
      response.end("body");
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    web.listen(0, "127.0.0.1", resolve);
    await promise;
    ({ port } = web.address() as AddressInfo); // a TCP server's address is one
    address = `http://127.0.0.1:${port}`;
  });
  after(() => web.close());

  it("have defaults, and refuse a stable time beyond the deadline and credentials in a URL", () => {
    assert.deepEqual(healthGateSchema.parse({ kind: "tcp", port: 443 }), {
      kind: "tcp",
      port: 443,
      from: "host",
      deadlineSeconds: 60,
      intervalSeconds: 2,
      stableForSeconds: 0,
      attemptSeconds: 10,
    });
    const refused = [
      { kind: "tcp", port: 443, deadlineSeconds: 10, stableForSeconds: 10 },
      { kind: "http", url: "https://user:word@localhost/" },
      { kind: "http", url: "ftp://localhost/" },
      { kind: "units", units: ["a; reboot"] },
      { kind: "tcp", port: 443, address: "$(id)" },
    ];
    for (const raw of refused) assert.equal(healthGateSchema.safeParse(raw).success, false, JSON.stringify(raw));
    assert.equal(renderGate(gate({ kind: "http", url: "http://localhost/" })), "http http://localhost/ from the host");
  });

  for (const from of ["operator", "host"] as const) {
    it(`by http from the ${from} wait for the status, and do not follow redirects`, async () => {
      await using shell = await localShell();
      statuses = [503, 503, 200];
      const result = await check(shell, gate({ kind: "http", url: `${address}/health`, from }));
      assert.deepEqual([result.passed, result.gates[0]?.looks, result.gates[0]?.detail], [true, 3, "status 200"]);
      const moved = gate({ kind: "http", url: `${address}/moved`, from, expectStatus: [301, 302] });
      assert.equal((await check(shell, moved)).passed, true);
    });

    it(`by tcp from the ${from} tell an open port from a closed one`, async () => {
      await using shell = await localShell();
      assert.equal((await check(shell, gate({ kind: "tcp", port, from }))).passed, true);
      const closed = await check(shell, gate({ kind: "tcp", port: 1, from, deadlineSeconds: brief }));
      assert.equal(closed.passed, false);
      assert.match(
        closed.reason ?? "",
        /^tcp port 1 from the \S+: not healthy within 4 s: (?:accepts no connection|connect ECONNREFUSED .*)$/,
      );
    });
  }

  it("look with bash where there is neither curl nor wget nor nc, and say so where there is not even bash", async () => {
    statuses = [204];
    await using bare = await localShell({ programs: [...tools, "bash"] });
    assert.equal((await check(bare, gate({ kind: "http", url: address, expectStatus: 204 }))).passed, true);
    assert.equal((await check(bare, gate({ kind: "tcp", port }))).passed, true);
    const secure = await check(bare, gate({ kind: "http", url: "https://127.0.0.1/" }));
    assert.equal(secure.gates[0]?.reason, "the host has neither curl nor wget to look with");
    await using barer = await localShell({ programs: tools });
    const nothing = await check(barer, gate({ kind: "http", url: address }));
    assert.equal(nothing.gates[0]?.reason, "the host has neither curl nor wget nor bash to look with");
    const tcp = await check(barer, gate({ kind: "tcp", port }));
    assert.deepEqual([tcp.gates[0]?.reason, tcp.gates[0]?.looks], ["the host has neither nc nor bash to look with", 1]);
  });

  it("prefer wget to bash, and nc where it knows -z", async () => {
    statuses = [200];
    await using shell = await localShell({ programs: [...tools, "wget", "bash"] });
    assert.equal((await check(shell, gate({ kind: "http", url: address }))).gates[0]?.detail, "status 200");
    const moved = gate({ kind: "http", url: `${address}/moved`, expectStatus: 302 });
    assert.equal((await check(shell, moved)).passed, true);
    await addProgram(
      shell,
      "nc",
      '#!/bin/sh\n[ "$1" = -h ] && { echo "usage: nc [-46z] [-w seconds]"; exit; }\n[ "$5" = 81 ]\n',
    );
    assert.equal((await check(shell, gate({ kind: "tcp", port: 81 }))).passed, true);
    assert.equal((await check(shell, gate({ kind: "tcp", port, deadlineSeconds: brief }))).passed, false);
  });

  it("by command pass on exit code 0, and repeat its last words", async () => {
    await using shell = await localShell();
    assert.equal((await check(shell, gate({ kind: "command", argv: ["test", "-d", "/"] }))).passed, true);
    const argv = ["sh", "-c", "echo one; echo replica is behind >&2; exit 3"];
    const failing = await check(shell, gate({ kind: "command", argv, deadlineSeconds: brief }));
    assert.equal(failing.gates[0]?.reason, "not healthy within 4 s: exit code 3: replica is behind");
    const flag = `${shell.folder}/flag`;
    const slower = ["sh", "-c", `[ -e ${flag} ] && sleep 90; touch ${flag}; echo behind; exit 3`];
    const cut = await check(shell, gate({ kind: "command", argv: slower, deadlineSeconds: 2 * brief }));
    assert.equal(cut.gates[0]?.reason, "not healthy within 8 s: exit code 3: behind", "not that the last look was cut");
    const absent = await check(shell, gate({ kind: "command", argv: ["no-such-program"] }));
    assert.equal(absent.gates[0]?.looks, 1);
    const hanging = gate({ kind: "command", argv: ["sleep", "100"], deadlineSeconds: brief, attemptSeconds: 1 });
    assert.match((await check(shell, hanging)).reason ?? "", /did not end in time|no answer within/);
  });

  it("by units name those that are not active, and mark restarts", () => {
    const block = (unit: string, active: string, sub: string, restarts: number): string =>
      `Id=${unit}\nLoadState=loaded\nActiveState=${active}\nSubState=${sub}\nNRestarts=${restarts}\nActiveEnterTimestampMonotonic=7`;
    const units = healthGateSchema.parse({ kind: "units", units: ["a.service", "b.service"] });
    assert.ok(units.kind === "units");
    const good = judgeUnits(
      units,
      `${block("a.service", "active", "running", 0)}\n\n${block("b.service", "active", "exited", 2)}\n`,
    );
    assert.deepEqual(good, { healthy: true, mark: "0/7 2/7", detail: "a.service, b.service active" });
    const bad = judgeUnits(
      units,
      `${block("a.service", "activating", "auto-restart", 4)}\n\nId=b.service\nLoadState=not-found\n`,
    );
    assert.equal(bad.detail, "a.service is activating (auto-restart), b.service is not-found");
    assert.equal(judgeUnits(units, "no-systemd\n").final, true);
  });

  it("are watched at the same time; the first that fails ends the others", async () => {
    await using shell = await localShell();
    const events: FleetEvent[] = [];
    const slow = gate({ kind: "command", argv: ["true"], deadlineSeconds: 300, stableForSeconds: 200 });
    const broken = gate({ kind: "command", argv: ["false"], deadlineSeconds: brief });
    const result = await checkHealth(shell, [slow, broken], (event) => events.push(event), patience());
    assert.deepEqual(
      [result.passed, result.reason, result.gates[0]?.reason],
      [false, "command false: not healthy within 4 s: exit code 1", "not watched to its end: another gate failed"],
    );
    assert.ok(events.every(({ subject, phase }) => subject === "galena" && phase === "health"));
  });

  it("survive a look that fails for another reason, and end with the caller's signal", async () => {
    let looks = 0;
    await using shell = await localShell();
    const flaky: RootShell = {
      ...shell,
      exec: (...all) => (++looks < 3 ? Promise.reject(new Error("connection lost")) : shell.exec(...all)),
    };
    const result = await check(flaky, gate({ kind: "command", argv: ["true"] }));
    assert.deepEqual([result.passed, result.gates[0]?.looks], [true, 3]);
    const stop = new AbortController();
    const endless = checkHealth(shell, [gate({ kind: "command", argv: ["false"] })], () => undefined, stop.signal);
    stop.abort(new Error("^C"));
    await assert.rejects(endless, /\^C/);
  });
});
