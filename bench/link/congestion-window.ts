import type { EmulatedLink } from "./link-profile.ts";

// Source: Linux 6, Documentation/networking/ip-sysctl.rst: ten segments to begin with, tcp_wmem of at most 4 MiB, of which
// its bookkeeping leaves some 2.5 MB for data (measured: 47 to 53 MB/s at 50 ms), a fresh start after an idle time (RTO).
const initialBytes = 10 * 1448;
const largestBytes = 2_500_000;
const shortestTimeoutMs = 200;

/**
 * How much one direction of one TCP connection may have under way: doubled with every round trip, up to what the sender's
 * buffer and the link with a queue of one bandwidth-delay product hold. Losses are not modelled.
 */
export class CongestionWindow {
  readonly #largest: number;
  readonly #timeoutMs: number;
  #bytes = initialBytes;
  #inFlight = 0;
  #lastSentMs = 0;

  constructor({ roundTripMs, bytesPerSecond }: EmulatedLink) {
    const product = (bytesPerSecond * roundTripMs) / 1000;
    this.#largest = Math.max(initialBytes, Math.min(largestBytes, 2 * product));
    this.#timeoutMs = Math.max(shortestTimeoutMs, 2 * roundTripMs);
  }

  /** Bytes that may be sent now. */
  room(nowMs: number): number {
    if (this.#inFlight === 0 && nowMs - this.#lastSentMs > this.#timeoutMs) this.#bytes = initialBytes;
    return Math.max(0, Math.floor(this.#bytes) - this.#inFlight);
  }

  sent(bytes: number, nowMs: number): void {
    this.#inFlight += bytes;
    this.#lastSentMs = nowMs;
  }

  acknowledged(bytes: number): void {
    this.#inFlight -= bytes;
    this.#bytes = Math.min(this.#largest, this.#bytes + bytes);
  }
}
