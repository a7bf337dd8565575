import { runFleet } from "pulumi-clan";

// machines: machine → class, outcome, running toplevel, generation, seconds, target host.
// publicVars: the clan's public vars of these machines and the shared ones, for other stacks.
export const { machines, publicVars } = await runFleet(import.meta.dirname);
