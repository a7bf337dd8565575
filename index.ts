import { runFleet } from "pulumi-clan";

/** Machine → class, outcome, running toplevel, generation, seconds, target host. */
export const { machines } = await runFleet(import.meta.dirname);
