import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { InstallationRefusedError } from "../deploy/installation/errors.ts";
import { installMachine, planMachine } from "../deploy/installation/install-machine.ts";
import type { Installation, installationRequestSchema } from "../deploy/installation/installation-request.ts";
import type { SecretFile, SecretSource, StagedSecrets } from "../deploy/secrets/secret-source.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { buildToplevel } from "../local-nix/build.ts";
import type { Report } from "../report.ts";
import { clanSecrets } from "./clan-secrets.ts";
import type { InstallationOrder } from "./installation-order.ts";
import { resolveWay } from "./way-to-host.ts";

/** What a caller may want of one run. */
export interface InstallationRun {
  readonly until?: Installation["phases"][number] | undefined;
  /** Local file for `facter.json`. */
  readonly hardwareReport?: string | undefined;
  readonly sudoPassword?: SecretText | undefined;
  /** false: the look before it had nothing to agree to. Default true. */
  readonly agreed?: boolean | undefined;
}

/** Builds what is installed, and installs it. @throws what `installMachine` and the build throw */
export async function runInstallation(
  order: InstallationOrder,
  run: InstallationRun,
  report: Report,
  signal: AbortSignal,
): Promise<Installation> {
  const { machine, toplevel, drvPath, disko, owner } = order;
  const rootScope = [owner.project, owner.stack];
  const where = { kind: "local" } as const;
  await buildToplevel({ machine, drvPath, toplevel, where, rootScope }, report, signal);
  const script = { machine: `${machine}.disko`, drvPath: disko.drvPath, toplevel: disko.script };
  await buildToplevel({ ...script, where, rootScope }, report, signal);
  return installMachine(await requestFor(order, run), report, signal);
}

/** What an installation would do; nothing is built and nothing touched. */
export async function lookBeforeInstallation(
  order: InstallationOrder,
  run: InstallationRun,
  report: Report,
  signal: AbortSignal,
): ReturnType<typeof planMachine> {
  return planMachine(await requestFor(order, run), report, signal);
}

async function requestFor(
  order: InstallationOrder,
  { until, hardwareReport, sudoPassword, agreed }: InstallationRun,
): Promise<z.input<typeof installationRequestSchema>> {
  const { foreignHostKeys, disko, program, reinstall, instanceId, kexec, deadlines, secrets, files, ...way } = order;
  const { machine, system, toplevel, owner, diskKeys } = order;
  const installed = await resolveWay({ ...way, hostKeyPolicy: "strict" }, sudoPassword);
  const foreign = await resolveWay({ ...way, hostKeys: foreignHostKeys, formerHostKeys: [] }, sudoPassword);
  const { hostKeys } = installed;
  return {
    machine,
    system,
    foreign,
    installed,
    diskoScript: disko.script,
    toplevel,
    devices: [...disko.devices],
    owner: { ...owner },
    diskKeys: { ...diskKeys },
    command: [program],
    ...(secrets === null ? {} : { secrets: clanSecrets({ machine, toplevel, secrets, hostKeys }) }),
    ...(files === undefined ? {} : { files: folderSource(files) }),
    ...(reinstall === undefined ? {} : { reinstall }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(kexec === undefined ? {} : { kexec }),
    ...(deadlines === undefined ? {} : { deadlines }),
    ...(until === undefined ? {} : { until }),
    ...(agreed === undefined ? {} : { agreed }),
    ...(hardwareReport === undefined ? {} : { hardwareReport }),
  };
}

/** A folder's files with their modes, at the same places of the installed root. */
function folderSource(folder: string): SecretSource {
  return {
    async stage(machine): Promise<StagedSecrets> {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
        throw new InstallationRefusedError(
          {
            summary: `${machine}: the files for its installation cannot be read`,
            expected: "a folder",
            found: cause instanceof Error ? cause.message : String(cause),
            at: folder,
            fix: `make it, or correct pulumi-clan:hosts.${machine}.install.files`,
          },
          { cause },
        );
      });
      const files = entries
        .filter((entry) => entry.isFile())
        .map(async (entry): Promise<SecretFile> => {
          const file = join(entry.parentPath, entry.name);
          const mode = ((await stat(file)).mode & 0o777).toString(8).padStart(4, "0");
          return { path: file.slice(folder.length), mode, read: () => readFile(file) };
        });
      return { digest: "of-a-folder", identities: [], files: await Promise.all(files) };
    },
  };
}
