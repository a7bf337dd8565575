import { z } from "zod";
import { type FactsQuestion, type HostFacts, readFacts } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import { fingerprint } from "../ssh/host-key.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { type DeploymentRecord, parseRecords } from "./deployments.ts";

const script = [new URL("./scripts/observe.sh", import.meta.url)];

/** Who switched a host last, as its journal tells. */
export interface LastSwitch {
  /** `nixos-rebuild`, `clan`, `pulumi-clan`…; absent: called by nobody's unit, from a shell for instance. */
  readonly tool?: string;
  /** Unix seconds. */
  readonly at: number;
}

/** A look at a host that nobody is deploying to. */
export interface Observation {
  readonly facts: HostFacts;
  /** Absent: no journal, or nothing in it. */
  readonly lastSwitch?: LastSwitch;
  /** Parts of the running system that only a boot brings: kernel, initrd, kernel-modules. */
  readonly rebootFor: readonly string[];
  /** In the host's own record. Absent: none, or no right to read it. */
  readonly lastDeployment?: DeploymentRecord;
  /** Unix seconds by the host's clock: since when the profile has its generation. Absent: it cannot be told. */
  readonly deployedAt?: number;
  /** `SHA256:…` of the key that the host showed. */
  readonly hostKey: string;
}

/** Reads, touches nothing. A host without journal or root's rights tells less, which is no error. */
export async function observeHost(host: SshHost, question: FactsQuestion, signal: AbortSignal): Promise<Observation> {
  const options = { elevation: "if-possible", deadlineSeconds: 30 } as const;
  const [facts, { code, stdout }] = await Promise.all([
    readFacts(host, question, signal),
    host.exec(composeScript("observe", script, []), options, signal),
  ]);
  return { facts, hostKey: fingerprint(host.hostKey), ...parseObservation(code === 0 ? stdout : "") };
}

/** @param text - lines `key<TAB>value` of scripts/observe.sh */
export function parseObservation(
  text: string,
): Pick<Observation, "lastSwitch" | "lastDeployment" | "rebootFor" | "deployedAt"> {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const values = (key: string): string[] => lines.flatMap(([name, value]) => (name === key && value ? [value] : []));
  const lastSwitch = judgeJournal(parseEntry(values("switched")[0]), parseEntry(values("tool")[0]));
  const [deployed = ""] = values("deployed");
  const lastDeployment = parseRecords(
    values("last")
      .map((record) => `record\t${record}`)
      .join("\n"),
  )[0];
  return {
    rebootFor: values("reboot"),
    ...(/^\d{1,12}$/.test(deployed) ? { deployedAt: Number(deployed) } : {}),
    ...(lastSwitch === undefined ? {} : { lastSwitch }),
    ...(lastDeployment === undefined ? {} : { lastDeployment }),
  };
}

const entrySchema = z.object({
  __REALTIME_TIMESTAMP: z.coerce.number().nonnegative(),
  UNIT: z.string().optional(),
  _SYSTEMD_UNIT: z.string().optional(),
});

interface Entry {
  readonly at: number;
  readonly units: readonly string[];
}

/** Source: journalctl(1) and systemd.journal-fields(7) of systemd 257; binary messages are arrays, hence not read. */
function parseEntry(text: string | undefined): Entry | undefined {
  if (text === undefined) return undefined;
  try {
    const { data } = entrySchema.safeParse(JSON.parse(text));
    if (data === undefined) return undefined;
    const units = [data.UNIT, data._SYSTEMD_UNIT].filter((unit) => unit !== undefined);
    return { at: Math.floor(data.__REALTIME_TIMESTAMP / 1e6), units };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // cut at the bound
    throw error;
  }
}

/** A tool's unit ends moments after the switch that it ran; a switch well after the last unit was called by hand. */
const sameSwitchSeconds = 10;

function judgeJournal(switched: Entry | undefined, unit: Entry | undefined): LastSwitch | undefined {
  const own = toolOf(switched);
  if (switched !== undefined && own !== undefined) return { tool: own, at: switched.at };
  const tool = toolOf(unit);
  if (unit !== undefined && tool !== undefined && unit.at + sameSwitchSeconds >= (switched?.at ?? 0))
    return { tool, at: switched?.at ?? unit.at };
  return switched === undefined ? undefined : { at: switched.at };
}

const tools: readonly (readonly [RegExp, string])[] = [
  [/^nixos-rebuild-switch-to-configuration/, "nixos-rebuild"],
  [/^clan-(?:switch|boot|test)-/, "clan"],
  [/^nixos-upgrade\.service$/, "system.autoUpgrade"],
  [/^comin\.service$/, "comin"],
  [/^pulumi-clan-/, "pulumi-clan"],
];

function toolOf(entry: Entry | undefined): string | undefined {
  return tools.find(([pattern]) => entry?.units.some((unit) => pattern.test(unit)))?.[1];
}
