import { printingFunction } from "../activation/scripts.ts";
import { unitNameSchema } from "../activation/transaction.ts";
import { composeText } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { UnitFolder } from "./unit-folder.ts";
import { parseUnit, type UnitText } from "./unit-text.ts";

const scripts = [new URL("./scripts/units.sh", import.meta.url)];

/** A unit that a host's systemd has loaded. */
export interface HostUnit {
  /** `active`, `activating`, `inactive`, `failed`… */
  readonly state: string;
  /** Its file is one of the system's own, not generated, transient or a package's. */
  readonly isOwn: boolean;
  /** It was to be started, and its conditions kept it from that. */
  readonly unmet: boolean;
  /** Units that are stopped when it is. */
  readonly stopsWith: readonly string[];
}

/** The units of a host, and what the running ones are made of. */
export interface HostUnits {
  readonly loaded: ReadonlyMap<string, HostUnit>;
  /** Running units of the system's own → where their file and drop-ins lie, and what they say where that was asked. */
  readonly files: ReadonlyMap<string, { readonly id: string; readonly text: UnitText }>;
  readonly others: UnitFolder["others"];
}

/** Reads, touches nothing; nobody has to be root. One round trip. @throws {RemoteCommandError} @throws {RemoteOutputError} */
export async function readHostUnits(
  host: SshHost,
  { units }: UnitFolder,
  signal: AbortSignal,
): Promise<HostUnits | undefined> {
  const wanted = [...units].flatMap(([unit, file]) => (file.kind === "file" ? [`${unit}\t${file.id}`] : []));
  const text = `{\n${printingFunction("wanted", wanted.join("\n"))}\n${composeText(scripts)}\nexit\n}\n`;
  const options = { deadlineSeconds: 30, maxOutputBytes: 8 * 1024 * 1024 };
  return parseHostUnits(await host.read({ name: "pulumi-clan units", text, args: [] }, options, signal));
}

/** @param text - lines of scripts/units.sh. @returns undefined: it was cut, or the host has no systemd. */
export function parseHostUnits(text: string): HostUnits | undefined {
  const lines = text.split("\n").map((line) => line.split("\t"));
  if (lines.at(-2)?.[0] !== "units-end") return undefined;
  const loaded = new Map<string, HostUnit>();
  const ids = new Map<string, string>();
  const texts = new Map<string, string[]>();
  const others: { fstab: string | null; userUnits: string | null } = { fstab: null, userUnits: null };
  for (const [key, name = "", ...rest] of lines) {
    const [first = "", second = "", third = "", fourth = ""] = rest;
    if (key === "text") texts.set(name, [...(texts.get(name) ?? []), rest.join("\t")]);
    // A file that no system brought (an /etc/fstab of the installer's, say) is nothing that a switch takes away.
    else if (key === "link" && !first.startsWith("/nix/store/")) continue;
    else if (key === "link" && (name === "fstab" || name === "userUnits")) others[name] = first;
    else if (!unitNameSchema.safeParse(name).success) continue;
    else if (key === "files") ids.set(name, first);
    else if (key === "unit") {
      const stopsWith = fourth.split(" ").filter((unit) => unit !== "");
      loaded.set(name, { state: first, isOwn: second === "own", unmet: third === "unmet", stopsWith });
    }
  }
  const files = [...ids].map(([unit, id]) => {
    const parts = id.split(" ").map((path) => (texts.get(path) ?? []).join("\n"));
    return [unit, { id, text: parseUnit(parts) }] as const;
  });
  return loaded.size === 0 ? undefined : { loaded, files: new Map(files), others };
}
