/** A link between operator and host. */
export interface LinkProfile {
  readonly name: string;
  /** Absent: the packets go as fast as the machine lets them; nothing is emulated. */
  readonly emulated?: EmulatedLink;
}

export interface EmulatedLink {
  readonly roundTripMs: number;
  /** In each direction, shared by all connections. */
  readonly bytesPerSecond: number;
}

export const linkProfiles: readonly LinkProfile[] = [
  { name: "direct" },
  { name: "50 ms, 1 Gbit/s", emulated: { roundTripMs: 50, bytesPerSecond: 125_000_000 } },
  { name: "20 ms, 100 Mbit/s", emulated: { roundTripMs: 20, bytesPerSecond: 12_500_000 } },
  { name: "30 ms, 20 Mbit/s", emulated: { roundTripMs: 30, bytesPerSecond: 2_500_000 } },
];
