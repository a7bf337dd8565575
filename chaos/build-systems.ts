// `node chaos/build-systems.ts <project>`: builds what the project declares, and prints `{ <machine>: <toplevel> }`.
import { buildSystem, readDeliveries } from "./systems.ts";

const [root = "."] = process.argv.slice(2);
const signal = AbortSignal.timeout(240_000);
const silent = (): void => undefined;
const deliveries = await readDeliveries(root, silent, signal);
const built = await Promise.all(
  deliveries.map(async (delivery) => [delivery.machine, await buildSystem(delivery, silent, signal)] as const),
);
console.log(JSON.stringify(Object.fromEntries(built)));
