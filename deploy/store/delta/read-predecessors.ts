import { isStorePath, type StorePath } from "../../../local-nix/store-path.ts";
import { printingFunction } from "../../activation/scripts.ts";
import { composeText } from "../../host-script.ts";
import type { RemoteScript } from "../../ssh/remote-command.ts";
import type { SshHost } from "../../ssh/ssh-host.ts";
import { type PathInfo, readValid } from "../path-info.ts";
import type { Receiver } from "../receiver.ts";
import { nixBase32 } from "../signature.ts";
import { nameStem } from "./match-predecessors.ts";

/** What a host says of itself before differences are made. */
export interface HostPredecessors {
  /** What its systems have, by its archive's hash in Nix' base 32. */
  readonly hashes: ReadonlyMap<StorePath, string>;
  /** Memory that may be used, in bytes; undefined: it does not say. */
  readonly availableBytes: number | undefined;
}

/** Asks for the paths of the host's systems that are named like these. */
export function predecessorScript(nixStore: string, missing: readonly PathInfo[]): RemoteScript {
  const names = [...new Set(missing.map(({ path }) => nameStem(path)))];
  const wanted = printingFunction("wanted_names", names.join("\n"));
  const text = composeText([new URL("./predecessors.sh", import.meta.url)]);
  return { name: "pulumi-clan predecessors", text: `{\n${wanted}${text}\nexit\n}\n`, args: [nixStore] };
}

/** What is no store path or hash is passed over, and so are paths without a hash: a host's word is used for nothing else. */
export function parsePredecessors(text: string): HostPredecessors {
  const paths: string[] = [];
  const hashes: string[] = [];
  let availableBytes: number | undefined;
  for (const line of text.split("\n")) {
    const [name, value = ""] = line.split("\t");
    if (name === "path") paths.push(value);
    if (name === "hash") hashes.push(value);
    if (name === "memory" && /^\d{1,12}$/.test(value)) availableBytes = Number(value) * 1024;
  }
  // Nix answers for all paths in their order, or fails.
  const pairs = paths.length === hashes.length ? paths.map((path, index) => [path, hashes[index] ?? ""] as const) : [];
  const known = pairs.flatMap(([path, hash]) => {
    const digits = /^sha256:([0-9a-z]{52})$/.exec(hash)?.[1];
    return digits !== undefined && isStorePath(path) ? [[path, digits] as const] : [];
  });
  return { hashes: new Map(known), availableBytes };
}

const mostAnswerBytes = 16 * 2 ** 20;

/** @throws {RemoteCommandError} @throws {RemoteDeadlineError} @throws {RemoteOutputError} @throws {ConnectionLostError} */
export async function askPredecessors(
  host: SshHost,
  { nixStore, elevation }: Pick<Receiver, "nixStore" | "elevation">,
  missing: readonly PathInfo[],
  signal: AbortSignal,
): Promise<HostPredecessors> {
  const script = predecessorScript(nixStore, missing);
  return parsePredecessors(await host.read(script, { elevation, maxOutputBytes: mostAnswerBytes }, signal));
}

/**
 * Of what the host has, what the operator has byte for byte. A host that names a path proves by its hash that it has it:
 * differences from anything else would tell it about the operator's store.
 */
export async function sharedPaths(
  hashes: HostPredecessors["hashes"],
  signal: AbortSignal,
): Promise<readonly PathInfo[]> {
  const ours = await readValid([...hashes.keys()], signal);
  return ours.filter(({ path, narHash }) => nixBase32(Buffer.from(narHash, "hex")) === hashes.get(path));
}
