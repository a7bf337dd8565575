import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../../sim/hosts/run-command.ts";
import { patience } from "../../deploy/support/signals.ts";

const stackType = "pulumi:pulumi:Stack";
const provider = "pulumi:providers:pulumi-nodejs";
const closureType = "pulumi-nodejs:dynamic/clan:SystemClosure";

/** A stack `core` of the project in a folder, in a file backend of its own, by Pulumi's own CLI. */
export interface PulumiStack extends AsyncDisposable {
  /** Variables with which its state and secrets can be read. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets a value; a secret one comes over the input. */
  set(key: string, value: string, kind?: "secret"): Promise<void>;
  /** Makes these the outputs of the stack's last update. */
  importOutputs(outputs: Readonly<Record<string, unknown>>): Promise<void>;
  /** Makes this what the state remembers of a machine, besides the outputs. */
  importClosure(machine: string, remembered: Readonly<Record<string, unknown>>): Promise<void>;
}

/** @param root - folder of Pulumi.yaml. */
export async function pulumiStack(root: string, project: string): Promise<PulumiStack> {
  const backend = await mkdtemp(join(tmpdir(), "pulumi-state-"));
  const env = { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "a passphrase" };
  const pulumi = (args: readonly string[], stdin?: string): Promise<string> => {
    const options = { env: { ...process.env, ...env }, cwd: root, ...(stdin === undefined ? {} : { stdin }) };
    return runCommand("pulumi", [...args, "--non-interactive"], options, patience());
  };
  await pulumi(["stack", "init", "core"]);
  const at = `urn:pulumi:core::${project}::`;
  let resources: readonly object[] = [];
  const importState = async (): Promise<void> => {
    const manifest = { time: "2026-01-01T00:00:00Z", magic: "", version: "" };
    const file = join(backend, "deployment.json");
    await writeFile(file, JSON.stringify({ version: 3, deployment: { manifest, resources } }));
    await pulumi(["stack", "import", "--stack", "core", "--file", file, "--force"]);
  };
  return {
    env,
    set: async (key, value, kind) => {
      const options = ["--stack", "core", "--path", ...(kind === undefined ? [] : ["--secret"])];
      await pulumi(["config", "set", ...options, key], value);
    },
    importOutputs: (outputs) => {
      resources = [{ urn: `${at}${stackType}::${project}-core`, custom: false, type: stackType, outputs }];
      return importState();
    },
    importClosure: (machine, outputs) => {
      const id = "00000000-0000-0000-0000-000000000001";
      const made = { custom: true, type: provider, id, inputs: {}, outputs: {} };
      const closure = { custom: true, type: closureType, id: machine, provider: `${at}${provider}::default::${id}` };
      resources = [
        ...resources,
        { urn: `${at}${provider}::default`, ...made },
        { urn: `${at}${closureType}::${machine}-closure`, ...closure, inputs: {}, outputs },
      ];
      return importState();
    },
    [Symbol.asyncDispose]: () => rm(backend, { recursive: true, force: true }),
  };
}
