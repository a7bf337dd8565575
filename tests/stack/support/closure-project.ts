import { mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type CommandResult, tryCommand } from "../../../sim/hosts/run-command.ts";
import { temporaryFleet } from "../../clan/support/temporary-fleet.ts";
import { patience } from "../../deploy/support/signals.ts";

const program = `
import { readFileSync } from "node:fs";
import { SystemClosure } from "pulumi-clan";
new SystemClosure("closure", JSON.parse(readFileSync("inputs.json", "utf8")));
`;
const projectFile = "name: fleet\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: index.ts\n";

/** A Pulumi program with one `SystemClosure`, run by the real engine. */
export interface ClosureProject extends AsyncDisposable {
  /** `pulumi up`, with everything that the engine can be made to log. */
  up(env: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** File → text of all that the engine stored: states and their history, the event log. */
  stored(): Promise<ReadonlyMap<string, string>>;
}

export async function closureProject(inputs: object): Promise<ClosureProject> {
  const files = { "index.ts": program, "inputs.json": JSON.stringify(inputs), "Pulumi.yaml": projectFile };
  const { root, ...fleet } = await temporaryFleet(files);
  await symlink(resolve("node_modules/@pulumi"), join(root, "node_modules/@pulumi"));
  const backend = await mkdtemp(join(tmpdir(), "pulumi-state-"));
  const pulumi = (args: readonly string[], more: Readonly<Record<string, string>>): Promise<CommandResult> => {
    const own = { PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "a passphrase" };
    // It knows --event-log only then.
    const env = { ...process.env, ...own, PULUMI_DEBUG_COMMANDS: "1", ...more };
    return tryCommand("pulumi", [...args, "--non-interactive"], { env, cwd: root, deadlineMs: 170_000 }, patience());
  };
  await pulumi(["stack", "init", "core"], {});
  const log = ["--event-log", join(backend, "events.json"), "--logtostderr", "-v=9"];
  return {
    up: (env) => pulumi(["up", "--yes", "--skip-preview", "--stack", "core", ...log], env),
    stored: async () => {
      const paths = await readdir(backend, { recursive: true, withFileTypes: true });
      const read = paths
        .filter((entry) => entry.isFile())
        .map(async ({ parentPath, name }) => [name, await readFile(join(parentPath, name), "utf8")] as const);
      return new Map(await Promise.all(read));
    },
    [Symbol.asyncDispose]: async () => {
      await fleet[Symbol.asyncDispose]();
      await rm(backend, { recursive: true, force: true });
    },
  };
}
