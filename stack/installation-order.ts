import { homedir } from "node:os";
import { resolve } from "node:path";
import type { z } from "zod";
import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import type { installationDeadlinesSchema } from "../deploy/installation/installation-request.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import { type PinnedHostKey, pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";
import { type Disko, evaluateDisko } from "../local-nix/disko-evaluation.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { HostConnection } from "./connections.ts";
import { settingsOf, type Way, wayOf } from "./delivery.ts";
import { type Source, settingsFor } from "./evaluate-systems.ts";
import { readKnownHosts } from "./host-keys.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** Everything that one machine's installation needs; plain JSON. The way's `hostKeys` are those of the installed system. */
export interface InstallationOrder extends Way {
  /** Keys of the system that is replaced. Empty: only what is known of the installed one, or `accept-new`, counts. */
  readonly foreignHostKeys: readonly PinnedHostKey[];
  readonly system: string;
  readonly toplevel: StorePath;
  readonly drvPath: string;
  readonly disko: Disko;
  /** machine-id or cloud id of the NixOS that may be wiped. */
  readonly reinstall?: string | undefined;
  /** The cloud's id of the VM. */
  readonly instanceId?: string | undefined;
  /** Folder whose files come with the installation. */
  readonly files?: string | undefined;
  /** Path in the installer → local file. */
  readonly diskKeys: Readonly<Record<string, string>>;
  /** `nixos-anywhere`. */
  readonly program: string;
  readonly kexec?: string | undefined;
  /** Of single phases, in seconds; one that is absent has its default. */
  readonly deadlines?: z.input<typeof installationDeadlinesSchema> | undefined;
  readonly owner: { readonly project: string; readonly stack: string };
  /** What the clan keeps for the machine; null: nothing. */
  readonly secrets: MachineSecrets | null;
}

/** What is known of one machine when its installation is planned. */
export interface MachineToInstall {
  readonly owned: OwnedMachine;
  readonly connection: HostConnection;
  readonly system: MachineEvaluation;
  readonly secrets: MachineSecrets | null;
}

/** @param root - folder of the project. @throws {NixEvaluationError} for a machine without disks. */
export async function planInstallationOrder(
  root: string,
  source: Source,
  stack: Stack,
  { owned, connection, system, secrets }: MachineToInstall,
  signal: AbortSignal,
): Promise<InstallationOrder> {
  const { machine, spec } = owned;
  const stated = stack.config.hosts?.[machine]?.install ?? {};
  const { owner, system: platform } = settingsOf(owned, stack);
  const { drvPath, toplevel } = system;
  const program = stack.config.nixosAnywhere ?? "nixos-anywhere";
  return {
    ...wayOf(machine, connection, stack),
    foreignHostKeys: await foreignKeys(machine, connection, stack, signal),
    system: platform,
    toplevel,
    drvPath,
    disko: await evaluateDisko({ machine, class: spec.class }, settingsFor(stack, source), signal),
    diskKeys: Object.fromEntries(
      Object.entries(stated.diskKeys ?? {}).map(([path, file]) => [path, fileIn(root, file)]),
    ),
    program: program.includes("/") ? fileIn(root, program) : program,
    owner,
    secrets,
    ...(stated.reinstall === undefined ? {} : { reinstall: stated.reinstall }),
    ...(stated.files === undefined ? {} : { files: fileIn(root, stated.files) }),
    ...(stated.kexec === undefined ? {} : { kexec: stated.kexec }),
    ...(stated.deadlines === undefined ? {} : { deadlines: stated.deadlines }),
  };
}

/** The stack's word, else the operator's known_hosts. */
async function foreignKeys(
  machine: string,
  { targetHost, definedAt }: HostConnection,
  { config, file }: Stack,
  signal: AbortSignal,
): Promise<readonly PinnedHostKey[]> {
  const key = config.hosts?.[machine]?.install?.hostKey;
  if (key === undefined) return readKnownHosts(parseTarget(targetHost, definedAt), signal);
  return [pinnedHostKeySchema.parse({ key, source: `${file}: pulumi-clan:hosts.${machine}.install.hostKey` })];
}

function fileIn(root: string, file: string): string {
  return file.startsWith("~/") ? resolve(homedir(), file.slice(2)) : resolve(root, file);
}
