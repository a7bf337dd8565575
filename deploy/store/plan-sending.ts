import type { BackEnd } from "../ssh/transport.ts";
import type { ZstdLevel } from "./compression-level.ts";
import { isFast, type LinkSpeed, slowByLength } from "./link-speed.ts";
import { type PathInfo, sizeOf } from "./path-info.ts";
import { planChannels } from "./path-schedule.ts";
import type { Receiver } from "./receiver.ts";
import type { Encoding } from "./receiver-process.ts";

/** What a decision about a push is made of. */
export interface SendingFacts {
  readonly missing: readonly PathInfo[];
  /** Absent: not measured. */
  readonly link: LinkSpeed | undefined;
  readonly tools: Pick<Receiver, "zstd" | "gzip">;
  readonly protocol: "serve" | "worker";
  /** Of the connection that is open. */
  readonly backEnd: BackEnd;
  readonly compress: "auto" | "always" | "never";
  /** Most channels at once. */
  readonly channels: number;
}

/** How missing paths go to a host. */
export interface SendingPlan {
  readonly encoding: Encoding;
  /** On the connection that is open. */
  readonly channels: number;
  /** Further connections, opened while the first one sends already. */
  readonly further?: FurtherConnections;
}

export interface FurtherConnections {
  readonly backEnd: BackEnd;
  readonly connections: number;
  /** On each of them. */
  readonly channels: number;
  /** They carry what is large for less CPU time: from when they are there the first connection leaves it to them. */
  readonly handsOver: boolean;
  readonly reason: string;
}

const notWorthIt = 512 * 1024;
// A megabyte a second and less: there gzip's 52 MB/s cost nothing. Above, a host without zstd gets the bytes as they are.
const gzipLink = 4 * 2 ** 20;
// Another handshake costs about 0.1 s of CPU here and there.
const worthAConnection = 48 * 2 ** 20;
// OpenSSH's client with its processes here and there costs 0.35 s, and saves some 2 s for each GB (67 MB: 1.5 s of both ends with it, 1.1 without).
const worthOpenssh = 96 * 2 ** 20;
// A client here, a shell and a Nix there: some 0.05 s of CPU. More than two write faster to a disk (66, 85 and 100 MB/s with 1, 2 and 4).
const worthAReceiver = 192 * 2 ** 20;
// sshd grants 2 MiB a channel, Linux' buffers some 2.5 MB a connection: from here on 60 MB/s and less, 180 before compression.
const longWayMs = 40;

/** Decides from what is known when the first path can go; touches nothing. */
export function planSending(facts: SendingFacts): SendingPlan {
  const { missing, link, channels: most } = facts;
  const encoding = planEncoding(facts);
  // On a narrow way nearby one window is wide enough; each channel more is a compressor here and two processes there.
  const isNarrow = encoding.kind !== "plain" && link !== undefined && !isFast(link.bytesPerSecond) && !isLong(link);
  const channels = planChannels(missing, isNarrow ? Math.min(2, most) : most);
  const further = channels > 1 ? planFurther(facts, Math.min(channels, most)) : undefined;
  // Where others help, the first connection keeps to one channel: its small paths, and what is left over.
  return further === undefined ? { encoding, channels } : { encoding, channels: 1, further };
}

function planEncoding({ missing, link, tools, protocol, compress }: SendingFacts): Encoding {
  const { zstd, gzip } = tools;
  const plain = { kind: "plain" } as const;
  if (protocol === "worker" || compress === "never") return plain;
  const isSlow = link !== undefined && !isFast(link.bytesPerSecond) && sizeOf(missing) >= notWorthIt;
  if (compress !== "always" && !isSlow) return plain;
  if (zstd !== undefined) return { kind: "zstd", tool: zstd, ...planLevel(link) };
  const isNarrow = link !== undefined && link.bytesPerSecond < gzipLink;
  return gzip !== undefined && (compress === "always" || isNarrow) ? { kind: "gzip", tool: gzip } : plain;
}

/**
 * On a long way several compressors share what CPU time there is; on a short one it may be this machine that is slow, and not
 * the way. In between they mostly wait, or find out soon that they do not.
 */
function planLevel(link: LinkSpeed | undefined): { readonly level: ZstdLevel; readonly lowest: ZstdLevel } {
  if (isLong(link)) return { level: 2, lowest: 2 };
  return slowByLength(link?.roundTripMs) === undefined ? { level: 3, lowest: 2 } : { level: 5, lowest: 3 };
}

function isLong(link: LinkSpeed | undefined): boolean {
  return link !== undefined && link.roundTripMs >= longWayMs;
}

function planFurther({ missing, link, backEnd }: SendingFacts, channels: number): FurtherConnections | undefined {
  if (link === undefined || sizeOf(missing) < worthAConnection) return undefined;
  if (isFast(link.bytesPerSecond)) {
    if (backEnd === "openssh" || sizeOf(missing) < worthOpenssh) return undefined;
    const worth = Math.min(channels, Math.max(2, Math.ceil(sizeOf(missing) / worthAReceiver)));
    const reason = "OpenSSH encrypts with less CPU time";
    return { backEnd: "openssh", connections: 1, channels: worth, handsOver: true, reason };
  }
  if (!isLong(link)) return undefined;
  const reason = `one connection's window is the limit at ${link.roundTripMs.toFixed(0)} ms`;
  return { backEnd, connections: 2, channels: Math.min(2, channels), handsOver: false, reason };
}

/** For the log: `compression zstd, link about 12.0 MiB/s and 21 ms`. */
export function renderWay(
  compression: string,
  link: LinkSpeed | undefined,
  further: FurtherConnections | undefined,
): string {
  const speed = (bytesPerSecond: number): string => `${(bytesPerSecond / 2 ** 20).toFixed(1)} MiB/s`;
  const way =
    link === undefined ? "" : `, link about ${speed(link.bytesPerSecond)} and ${link.roundTripMs.toFixed(0)} ms`;
  const more =
    further === undefined
      ? ""
      : `, and ${further.connections} more connections (${further.backEnd}: ${further.reason})`;
  return `compression ${compression}${way}${more}`;
}
