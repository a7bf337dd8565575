// A process that is there to be killed: deploys what its input says, and prints its events, a line of JSON each.
import { text } from "node:stream/consumers";
import { deployMachine, deploymentRequestSchema } from "../deploy/deploy-machine.ts";
import type { FleetEvent } from "../report.ts";

const request = deploymentRequestSchema.parse(JSON.parse(await text(process.stdin)));
const tell = (event: FleetEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const outcome = await deployMachine(request, tell, AbortSignal.timeout(1_800_000));
tell({ level: "info", phase: "end", message: `${outcome.kind}: ${outcome.reason ?? ""}` });
