import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import { z } from "zod";
import { type MachinePlan, planSchema, type Reason } from "../../clan/plan/machine-plan.ts";
import { renderMachinePlan } from "../../clan/plan/render-plan.ts";
import { Checkout } from "./support/checkout.ts";
import { closureSteps } from "./support/preview.ts";
import type { Ended } from "./support/run.ts";

const machines = ["cinnabar", "electrum", "stibnite"] as const;
type Plans = Readonly<Record<string, MachinePlan>>;

// Seconds that no earlier run has built a system with.
const first = String(1_000 + (Date.now() % 1_000_000_000));
const second = `${first}0`;

const deliveredSchema = z.array(z.looseObject({ facts: z.looseObject({ pushedPaths: z.int() }) }));

describe("a plan, and what up does", function () {
  this.timeout(300_000);
  let checkout: Checkout;

  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit(
      "Pulumi.local.yaml",
      "machines: [cinnabar, stibnite, galena]",
      "machines: [cinnabar, electrum, stibnite]",
    );
    await checkout.edit("Pulumi.local.yaml", "config:\n", "config:\n  pulumi-clan:connectDeadlineSeconds: 3\n");
    const ended = await checkout.sim("up", ...machines);
    assert.equal(ended.code, 0, ended.text);
  });
  after(() => checkout[Symbol.asyncDispose]());

  /**
   * A plan waits five seconds for a host, which under load is not always enough: then it is made again.
   * @param down - hosts that cannot answer.
   */
  const plan = async (...down: readonly string[]): Promise<Plans> => {
    for (let attempt = 1; ; attempt++) {
      const ended = await checkout.fleet("plan", "--format", "json");
      assert.equal(ended.code, 0, ended.text);
      const plans: Plans = planSchema.parse(JSON.parse(ended.stdout)).machines;
      const late = Object.entries(plans).filter(([name, found]) => !down.includes(name) && isLate(found));
      if (late.length === 0 || attempt === 6) return plans;
    }
  };
  const isLate = ({ reachable, copy, build }: MachinePlan): boolean =>
    reachable !== true ||
    [copy, build?.work].some((field) => field?.kind === "unknown" && field.why.includes("in time"));
  const preview = async (): Promise<Ended> => {
    for (let attempt = 1; ; attempt++) {
      const ended = await checkout.pulumi("preview", "--stack", "local");
      assert.equal(ended.code, 0, ended.text);
      if (!/unreachable:|in time\)/.test(ended.text) || attempt === 6) return ended;
    }
  };
  const changes = (plans: Plans) =>
    Object.fromEntries(Object.entries(plans).map(([name, { change }]) => [name, change]));
  const running = (host: string): Promise<string> => checkout.ask(host, "readlink -f /run/current-system");
  const up = (): Promise<Ended> => checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
  const told = (reasons: readonly Reason[] | undefined): string[] => (reasons ?? []).map(({ text }) => text);
  /** Does what was planned, and asks every host whether it became so. */
  const upAsPlanned = async (plans: Plans): Promise<void> => {
    const before = new Map(await Promise.all(machines.map(async (name) => [name, await running(name)] as const)));
    for (const name of machines) assert.equal(plans[name]?.current, before.get(name), name);
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    for (const name of machines) {
      const { change, toplevel } = plans[name] ?? assert.fail(name);
      assert.notEqual(change, "unknown", name);
      assert.equal(await running(name), change === "update" ? toplevel : before.get(name), name);
      assert.equal(
        toplevel === before.get(name),
        change === "none",
        `${name}: a change only where the system is another`,
      );
    }
  };

  it("says of hosts that no stack has touched that they will be deployed, and what it cannot know", async () => {
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "update", electrum: "update", stibnite: "update" });
    assert.deepEqual(told(plans["cinnabar"]?.reasons), ["this stack has not deployed it yet"]);
    const { toplevel, packages, copy } = plans["cinnabar"] ?? assert.fail();
    // An earlier run may have left it in the store.
    const expected = existsSync(toplevel) ? "known" : "unknown";
    assert.deepEqual([packages?.kind, copy?.kind], [expected, expected]);
    await upAsPlanned(plans);
  });

  it("says that nothing changes when nothing does, as the preview", async () => {
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "none", electrum: "none", stibnite: "none" });
    assert.deepEqual(await closureSteps(checkout), {});
    const text = await checkout.fleet("plan");
    assert.match(text.stdout, /^stack local: no machine changes$/m, text.text);
    const page = await checkout.fleet("plan", "cinnabar", "--format", "html");
    assert.match(page.stdout, /^<!doctype html>[\s\S]*no machine changes[\s\S]*cinnabar[\s\S]*<\/html>\n$/, page.text);
  });

  it("names the file of a one-line edit on the machines that it reaches, on their components in a preview, too", async () => {
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", first);
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "update", electrum: "update", stibnite: "none" });
    const why = ["modules/nixos/base/heartbeat.ts changed (nixos/base)"];
    assert.deepEqual([told(plans["cinnabar"]?.reasons), told(plans["electrum"]?.reasons)], [why, why]);
    const unbuilt = { kind: "unknown", why: "the new system is not built here yet" };
    assert.deepEqual([plans["cinnabar"]?.copy, plans["cinnabar"]?.units], [unbuilt, unbuilt]);
    const { work, ...build } = plans["cinnabar"]?.build ?? assert.fail();
    assert.deepEqual(build, { where: "here", state: "to-build", foreignPlatform: null });
    assert.ok(work?.kind === "known" && work.derivations > 1 && work.fetched.paths === 0, JSON.stringify(work));
    const shown = await preview();
    for (const name of machines) {
      const block = renderMachinePlan(plans[name] ?? assert.fail(name)).split("\n");
      for (const line of block) assert.ok(shown.text.includes(line.trim()), `${line}\n${shown.text}`);
    }
    await upAsPlanned(plans);
  });

  it("tells what launchd of a Mac is told, and the host's jobs are loaded and unloaded so", async () => {
    const jobs = async (): Promise<ReadonlyMap<string, string>> => {
      const shown = "/usr/bin/systemctl show --property=Id,InvocationID 'launchd-org.nixos.*'";
      const text = await checkout.ask("stibnite", shown);
      const found = text.matchAll(
        /^Id=launchd-(.*)\.service\nInvocationID=(.+)$|^InvocationID=(.+)\nId=launchd-(.*)\.service$/gm,
      );
      return new Map(
        [...found].map(([, id, call, earlierCall, laterId]) => [id ?? laterId ?? "", call ?? earlierCall ?? ""]),
      );
    };
    await checkout.edit("modules/darwin/base/heartbeat.ts", "60", first);
    await checkout.edit(
      "modules/darwin/base/heartbeat.ts",
      "heartbeat: {",
      `"tick-${first}": { command: "/bin/sleep 7777", serviceConfig: { RunAtLoad: true } }, heartbeat: {`,
    );
    const ended = await checkout.fleet("plan", "stibnite", "--deep", "--json");
    assert.equal(ended.code, 0, ended.text);
    const plans: Plans = planSchema.parse(JSON.parse(ended.stdout)).machines;
    const { units } = plans["stibnite"] ?? assert.fail();
    assert.deepEqual(units, {
      kind: "known",
      stop: [],
      start: [`org.nixos.tick-${first}`],
      restart: ["org.nixos.heartbeat"],
      reload: [],
      keep: [],
      unsure: [],
      dryActivation: null,
    });
    const before = await jobs();
    assert.ok(before.has("org.nixos.heartbeat") && before.size > 1, [...before.keys()].join(", "));
    const all = await plan();
    assert.deepEqual(changes(all), { cinnabar: "none", electrum: "none", stibnite: "update" });
    await upAsPlanned(all);
    const after = await jobs();
    const others = [...after].filter(([job, call]) => before.get(job) !== call).map(([job]) => job);
    assert.deepEqual(others.sort(), ["org.nixos.heartbeat", `org.nixos.tick-${first}`]);
  });

  it("names tags and roles that a machine gained and lost, and the instances whose members they change", async () => {
    const inventory = "modules/clan/inventory/machines.ts";
    await checkout.edit(inventory, '"hetzner", "controller"]', '"hetzner", "controller", "gcp"]');
    await checkout.edit(
      inventory,
      '"hetzner", "peer"],\n          deploy: { targetHost: "root@electrum',
      '"hetzner"],\n          deploy: { targetHost: "root@electrum',
    );
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "update", electrum: "update", stibnite: "none" });
    const cinnabar = told(plans["cinnabar"]?.reasons);
    for (const text of ["tag gcp gained", "role user-tara/default gained", `${inventory} changed`])
      assert.ok(
        cinnabar.some((reason) => reason.startsWith(text)),
        `${text}\n${cinnabar.join("\n")}`,
      );
    const electrum = told(plans["electrum"]?.reasons);
    for (const text of ["tag peer lost", "role zerotier/peer lost"])
      assert.ok(electrum.includes(text), `${text}\n${electrum.join("\n")}`);
    await upAsPlanned(plans);
  });

  it("says that a host was switched by hand, what is on it already, and what comes back", async () => {
    await checkout.ask(
      "electrum",
      "nix-env -p /nix/var/nix/profiles/system --rollback && /nix/var/nix/profiles/system/bin/switch-to-configuration switch",
    );
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "none", electrum: "update", stibnite: "none" });
    const { reasons, copy, packages, reboot } = plans["electrum"] ?? assert.fail();
    assert.match(told(reasons).join("\n"), /^rolled back to \S+, generation \d+/);
    assert.deepEqual(copy, {
      kind: "known",
      paths: 0,
      bytes: 0,
      differences: { kind: "none", why: "too little for differences" },
    });
    assert.equal(packages?.kind, "known");
    assert.equal(reboot?.kind, "not-needed");
    const ended = await checkout.fleet("plan", "electrum", "--deep", "--json");
    assert.equal(ended.code, 0, ended.text);
    const { depth, machines: deep } = planSchema.parse(JSON.parse(ended.stdout));
    const [electrum] = Object.values(deep);
    assert.deepEqual([depth, Object.keys(deep), electrum?.build?.state], ["deep", ["electrum"], "built"]);
    // The system is there already: it is asked itself, and names the units that were found to change.
    const { units } = electrum ?? assert.fail();
    assert.ok(units?.kind === "known" && units.dryActivation !== null, JSON.stringify(units));
    for (const unit of [...units.restart, ...units.stop])
      assert.ok(units.dryActivation.join("\n").includes(unit), unit);
    await upAsPlanned(plans);
  });

  it("does not know what becomes of a host that is down, whose system up then leaves to the next one", async () => {
    await checkout.sim("ssh", "cinnabar", "--", "systemctl poweroff"); // ends with the connection, whatever its code
    const silent = await plan("cinnabar");
    assert.deepEqual(changes(silent), { cinnabar: "unknown", electrum: "none", stibnite: "none" });
    assert.deepEqual([silent["cinnabar"]?.reachable, silent["cinnabar"]?.current], [false, null]);

    await checkout.edit(
      "modules/machines/nixos/cinnabar/default.ts",
      "export default",
      "// one more line\nexport default",
    );
    await checkout.edit("modules/nixos/base/heartbeat.ts", first, second);
    const edited = await plan("cinnabar");
    assert.deepEqual(changes(edited), { cinnabar: "update", electrum: "update", stibnite: "none" });
    assert.equal(edited["cinnabar"]?.copy?.kind, "unknown");
    const ended = await up();
    assert.notEqual(ended.code, 0, "cinnabar is unreachable");
    assert.equal(await running("electrum"), edited["electrum"]?.toplevel);
  });

  it("tells of a system that is built already which paths are copied, and the host takes as many", async () => {
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0);
    const plans = await plan();
    assert.deepEqual(changes(plans), { cinnabar: "update", electrum: "none", stibnite: "none" });
    const { copy, packages, reasons } = plans["cinnabar"] ?? assert.fail();
    assert.ok(told(reasons).includes("modules/nixos/base/heartbeat.ts changed (nixos/base)"), told(reasons).join("\n"));
    assert.ok(copy?.kind === "known" && copy.paths > 0 && copy.bytes > 0, JSON.stringify(copy));
    assert.ok(packages?.kind === "known" && packages.rebuilt > 0, JSON.stringify(packages));
    const ended = await checkout.fleet("deploy", "cinnabar", "--yes", "--json");
    assert.equal(ended.code, 0, ended.text);
    assert.deepEqual(
      deliveredSchema.parse(JSON.parse(ended.stdout)).map(({ facts }) => facts.pushedPaths),
      [copy.paths],
    );
    assert.equal(await running("cinnabar"), plans["cinnabar"]?.toplevel);
  });

  it("is none where the fleet cannot be evaluated", async () => {
    await checkout.write("modules/nixos/base/broken.ts", "export default 3;\n");
    const ended = await checkout.fleet("plan", "--format", "json");
    assert.deepEqual([ended.code, ended.stdout], [2, ""], ended.text);
    assert.match(ended.stderr, /modules\/nixos\/base\/broken\.ts/);
  });
});
