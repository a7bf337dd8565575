/** What one host has seen of the operator. Times in milliseconds of the Unix clock. */
export interface HostActivity {
  readonly name: string;
  connections: number;
  requests: number;
  /** Paths and bytes of their archives that were added. */
  paths: number;
  bytes: number;
  /** Lock taken, first byte of a path, last path added, switch begun, lock given back. */
  lockedAt?: number;
  pushBeganAt?: number;
  pushEndedAt?: number;
  switchedAt?: number;
  releasedAt?: number;
  /** Longest time between lock and release in which the host had nothing to do and heard nothing. */
  longestWaitMs: number;
  /** Of every request, how often. */
  readonly asked: Record<string, number>;
}

/** Keeps one host's times. */
export class ActivityClock {
  readonly activity: HostActivity;
  #working = 0;
  #quietSince: number | undefined;

  constructor(name: string) {
    this.activity = { name, connections: 0, requests: 0, paths: 0, bytes: 0, longestWaitMs: 0, asked: {} };
  }

  /** The operator has asked; the host works until what is returned is called. */
  begin(request: string): () => void {
    const { activity } = this;
    activity.requests += 1;
    activity.asked[request] = (activity.asked[request] ?? 0) + 1;
    this.heard();
    this.#working += 1;
    return () => {
      this.#working -= 1;
      this.#quietSince = Date.now();
    };
  }

  /** The operator has sent something. */
  heard(): void {
    const now = Date.now();
    const { activity } = this;
    const isDeploying = activity.lockedAt !== undefined && activity.releasedAt === undefined;
    if (isDeploying && this.#working === 0 && this.#quietSince !== undefined)
      activity.longestWaitMs = Math.max(activity.longestWaitMs, now - this.#quietSince);
    this.#quietSince = now;
  }

  added(): void {
    this.activity.paths += 1;
    this.activity.pushEndedAt = Date.now();
  }

  received(bytes: number): void {
    this.activity.pushBeganAt ??= Date.now();
    this.activity.bytes += bytes;
    this.heard();
  }

  mark(moment: "lockedAt" | "switchedAt" | "releasedAt"): void {
    if (moment === "lockedAt") delete this.activity.releasedAt;
    this.activity[moment] = Date.now();
  }
}
