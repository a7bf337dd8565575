import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { FleetModel } from "../fleet-model.ts";
import { parseTargetHost } from "../target-host.ts";
import { VarsMissingError } from "./errors.ts";

/** An address in the mesh, and the file that says so. */
export interface MeshAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  readonly source: string;
}

/** Domains that no public name server knows: `zt` is ZeroTier's, `clan` is clan-core's default of `meta.domain`. */
const meshName = /\.(?:zt|clan)\.?$/i;

/**
 * Where a machine is whose target host is a name of the mesh, such as `root@galena.zt`: only hosts of the mesh resolve it,
 * and only where its DNS is set up; the address stands among the clan's public vars.
 * Source: clan-core 26.05, `clanServices/zerotier`: shared generator `zerotier-ip-<machine>-<instance>`, file `ip`; before
 * that the machine's own generator `zerotier`, file `zerotier-ip`.
 * @param targetHost - `[user@]host[:port]`. @param varsDir - the clan's `vars` folder.
 * @returns undefined for another name, and for a machine without such vars. @throws {VarsMissingError}
 */
export async function readMeshAddress(
  varsDir: string,
  machine: string,
  targetHost: string,
  { instances }: Pick<FleetModel, "instances">,
): Promise<MeshAddress | undefined> {
  if (!meshName.test(parseTargetHost(targetHost)?.host ?? "")) return undefined;
  const networks = Object.entries(instances).flatMap(([instance, { module, roles }]) => {
    const isMember = Object.values(roles).some(({ members }) => members.some((member) => member === machine));
    return module.name === "zerotier" && isMember ? [instance] : [];
  });
  const files = [
    ...networks.map((instance) => join(varsDir, "shared", `zerotier-ip-${machine}-${instance}`, "ip", "value")),
    join(varsDir, "per-machine", machine, "zerotier", "zerotier-ip", "value"),
  ];
  for (const source of files) {
    const text = await readIfThere(source);
    if (text !== undefined) return { address: addressIn(text, machine, source), source };
  }
  return undefined;
}

function addressIn(text: string, machine: string, source: string): string {
  const address = text.trim();
  if (isIP(address) !== 0) return address;
  throw new VarsMissingError({
    summary: `${machine}: its ZeroTier address is none`,
    expected: "one IP address",
    // Whatever lies here may be a secret by mistake: only its shape is told.
    found: `${text.length} characters that are none`,
    at: source,
    fix: "restore the file from git: the address belongs to the machine's identity, and a new one would be another member",
  });
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
