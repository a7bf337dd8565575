import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import type { Report } from "../../report.ts";
import { nixFunction } from "./nix-expression.ts";
import { flakeFolder } from "./origin.ts";

// `attrTag` of both, or bare text in old shapes. Source: clan-core, modules/clan/export-modules/peer.nix.
const hostSchema = z.union([
  z.string(),
  z.object({ plain: z.string() }),
  z.object({ var: z.object({ machine: z.string(), generator: z.string(), file: z.string() }) }),
]);
type ExportedHost = z.output<typeof hostSchema>;
const hosts = z.array(hostSchema.nullable().catch(null)).catch([]);
const priority = z.number().nullable();

const exportsSchema = z.object({
  scopes: z.record(z.string(), z.object({ priority, hosts })),
  instances: z.array(z.object({ machine: z.string(), instance: z.string(), priority, hosts })),
});
type Exports = z.output<typeof exportsSchema>;

/** A way to a machine that one of the clan's networks offers. */
export interface ExportedWay {
  readonly machine: string;
  /** Clan tries networks with a higher one first. */
  readonly priority: number;
  readonly host: ExportedHost;
}

/** Source: clan-core d7c35d912, `networking.priority` defaults to 1000. */
const defaultPriority = 1000;

/**
 * Hosts that service instances export, the best network's first. Clan calls the format unstable: exports that cannot be
 * read are a warning, and the machines have what else says where they are.
 * @param varsDirectory - the clan's vars in the store; a host may be the value of a public one.
 */
export async function readExportedHosts(
  options: JsonEvaluationOptions,
  varsDirectory: string,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  try {
    const question = { attribute: "clan.exports", apply: nixFunction("exports.nix"), what: "the services' exports" };
    const ways = waysIn(await evaluateJson(question, exportsSchema, options, report, signal));
    const found = new Map<string, string>();
    for (const way of ways) {
      const host = found.has(way.machine) ? undefined : await hostText(way.host, varsDirectory);
      if (host !== undefined) found.set(way.machine, host);
    }
    return found;
  } catch (error) {
    if (!(error instanceof NixEvaluationError)) throw error;
    const message = `the services' exports cannot be read, so no target host comes from them: ${error.facts.found}`;
    report({ level: "warning", phase: "evaluate", message });
    return new Map();
  }
}

/** Scope keys are `<service>:<instance>:<role>:<machine>`; an empty part stands for all. */
export function waysIn({ scopes, instances }: Exports): ExportedWay[] {
  const networks = new Map<string, number>();
  const peers: { machine: string; network: string; hosts: Exports["instances"][number]["hosts"] }[] = [];
  for (const [scope, { priority, hosts }] of Object.entries(scopes)) {
    const [service = "", instance = "", , machine = ""] = scope.split(":");
    const network = `${service}:${instance}`;
    if (priority !== null) networks.set(network, priority);
    if (machine !== "") peers.push({ machine, network, hosts });
  }
  for (const { machine, instance, priority, hosts } of instances) {
    if (priority !== null) networks.set(instance, priority);
    peers.push({ machine, network: instance, hosts });
  }
  return peers
    .flatMap(({ machine, network, hosts }) =>
      hosts
        .filter((host) => host !== null)
        .map((host) => ({ machine, priority: networks.get(network) ?? defaultPriority, host })),
    )
    .sort((a, b) => b.priority - a.priority);
}

async function hostText(host: ExportedHost, varsDirectory: string): Promise<string | undefined> {
  if (typeof host === "string") return host;
  if ("plain" in host) return host.plain;
  const { machine, generator, file } = host.var;
  for (const place of [join("per-machine", machine), "shared"]) {
    const text = await readPublic(join(varsDirectory, place, generator, file, "value"));
    if (text !== undefined && text.trim() !== "") return text.trim();
  }
  return undefined;
}

async function readPublic(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined; // a secret, or not generated yet
    throw error;
  }
}

/** Where the clan's vars lie in the store. */
export function varsDirectoryOf(tree: JsonEvaluationOptions["tree"], clanDirectory: string): string {
  return join(flakeFolder(tree), clanDirectory, "vars");
}
