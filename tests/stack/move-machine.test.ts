import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { z } from "zod";
import { runCommand } from "../../sim/hosts/run-command.ts";
import { moveMachine, type PlannedMove, readMove } from "../../stack/move-machine.ts";
import { MissingStackError } from "../../stack/pulumi-cli.ts";
import { machinesIn, readStackState } from "../../stack/stack-state.ts";
import { patience } from "../deploy/support/signals.ts";

const exported = z.object({
  deployment: z.object({ resources: z.array(z.record(z.string(), z.json())).nullish() }),
});
type Resource = Record<string, unknown>;

/** Pulumi's own CLI with a file backend; the states are written as an update would have left them. */
describe("moving a machine's resources between real states", function () {
  this.timeout(240_000);
  let root = "";
  const environment = { ...process.env };

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "project-"));
    await writeFile(join(root, "Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
  });
  after(() => rm(root, { recursive: true, force: true }));
  beforeEach(async () => {
    const backend = await mkdtemp(join(root, "state-"));
    Object.assign(process.env, { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "a passphrase" });
    for (const stack of ["core", "burst"]) await pulumi("stack", "init", stack);
    await importState("core", [...fleet("core"), ...machine("core", "cinnabar"), ...machine("core", "galena")]);
    await importState("burst", [...fleet("burst"), ...machine("burst", "scheelite")]);
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  });

  const pulumi = (...args: string[]): Promise<string> =>
    runCommand("pulumi", [...args, "--non-interactive"], { env: process.env, cwd: root }, patience());
  const importState = async (stack: string, resources: readonly Resource[]): Promise<void> => {
    const file = join(root, "import.json");
    const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
    await writeFile(file, JSON.stringify({ version: 3, deployment: { manifest, resources } }));
    await pulumi("stack", "import", "--stack", stack, "--file", file, "--force");
  };
  const resources = async (stack: string): Promise<Resource[]> =>
    exported.parse(JSON.parse(await pulumi("stack", "export", "--stack", stack))).deployment.resources ?? [];
  const names = async (stack: string): Promise<string[]> =>
    (await resources(stack))
      .map(({ urn }) => String(urn).split("::").at(-1) ?? "")
      .filter((one) => !one.includes("fleet"));
  const plan = (): Promise<PlannedMove> => readMove({ root, machine: "galena", to: "burst" }, patience());
  const move = async (planned: PlannedMove): Promise<void> =>
    moveMachine({ root, machine: "galena", to: "burst" }, planned, patience());

  it("finds where it is, takes it with all below it, as it was, and a second time does nothing", async () => {
    const planned = await plan();
    assert.equal(planned.from, "core");
    assert.deepEqual(await names("core"), ["cinnabar", "cinnabar-closure", "galena", "galena-closure"], "only read");
    await move(planned);
    assert.deepEqual(await names("core"), ["cinnabar", "cinnabar-closure"]);
    assert.deepEqual(await names("burst"), ["scheelite", "scheelite-closure", "galena", "galena-closure"]);
    const closure = (await resources("burst")).find(({ urn }) => String(urn).endsWith("::galena-closure"));
    assert.equal(closure?.["id"], "galena");
    assert.deepEqual(closure?.["outputs"], { machine: "galena", owner: { project: "fleet", stack: "core" } });
    assert.deepEqual(await plan(), { from: null, move: { kind: "done" } });
  });

  it("that was cut off between the two states is ended by the next call", async () => {
    const left = await resources("core");
    await move(await plan());
    const arrived = await resources("burst");
    await importState("core", left); // as Pulumi leaves it when it dies after saving the destination
    const planned = await plan();
    assert.deepEqual([planned.from, planned.move.kind], ["core", "finish"]);
    await move(planned);
    assert.deepEqual(await names("core"), ["cinnabar", "cinnabar-closure"]);
    assert.deepEqual(await resources("burst"), arrived);
    assert.equal((await plan()).move.kind, "done");
  });

  it("looks past what a replacement has still to delete", async () => {
    const former = machine("core", "galena").map((one) => ({ ...one, delete: true }));
    await importState("core", [...fleet("core"), ...machine("core", "cinnabar"), ...former]);
    const { resources } = await readStackState(root, "core", patience());
    assert.deepEqual(machinesIn(resources), ["cinnabar"]);
    await assert.rejects(plan(), /no stack's state has it/);
  });

  it("to a stack that is not there says so and leaves everything", async () => {
    await assert.rejects(readMove({ root, machine: "galena", to: "brust" }, patience()), (error: unknown) => {
      assert.ok(error instanceof MissingStackError);
      assert.match(error.message, /no stack named 'brust' found/);
      return true;
    });
    assert.deepEqual(await names("core"), ["cinnabar", "cinnabar-closure", "galena", "galena-closure"]);
  });
});

const types = {
  Stack: "pulumi:pulumi:Stack",
  Fleet: "clan:index:Fleet",
  Registry: "clan:index:MachineRegistry",
  Machine: "clan:index:Machine",
  Closure: "pulumi-nodejs:dynamic/clan:SystemClosure",
  Provider: "pulumi:providers:pulumi-nodejs",
} as const;
const below = { Fleet: types.Fleet, Registry: `${types.Fleet}$${types.Registry}` } as const;

function fleet(stack: string): Resource[] {
  const at = `urn:pulumi:${stack}::fleet::`;
  const [top, whole] = [`${at}${types.Stack}::fleet-${stack}`, `${at}${types.Fleet}::fleet`];
  return [
    { urn: top, type: types.Stack, custom: false },
    { urn: whole, type: types.Fleet, custom: false, parent: top },
    { urn: `${at}${below.Registry}::fleet-registry`, type: types.Registry, custom: false, parent: whole },
    {
      urn: `${at}${types.Provider}::fleet-default`,
      type: types.Provider,
      custom: true,
      id: `of-${stack}`,
      inputs: {},
      outputs: {},
    },
  ];
}

function machine(stack: string, name: string): Resource[] {
  const at = `urn:pulumi:${stack}::fleet::`;
  const component = `${at}${below.Registry}$${types.Machine}::${name}`;
  return [
    { urn: component, type: types.Machine, custom: false, parent: `${at}${below.Registry}::fleet-registry` },
    {
      urn: `${at}${below.Registry}$${types.Machine}$${types.Closure}::${name}-closure`,
      type: types.Closure,
      custom: true,
      id: name,
      parent: component,
      provider: `${at}${types.Provider}::fleet-default::of-${stack}`,
      inputs: { machine: name },
      outputs: { machine: name, owner: { project: "fleet", stack } },
    },
  ];
}
