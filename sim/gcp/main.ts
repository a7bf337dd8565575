import { once } from "node:events";
import { exampleHosts } from "../hosts/host-spec.ts";
import { defaultSimState } from "../hosts/sim-state.ts";
import { startGcpStandIn } from "./start-gcp-stand-in.ts";

// Entry of the stand-in: prints two ports as first line of stdout, the provider's and the API's, and logs to stderr.
// It ends with SIGTERM or SIGINT, and when stdin closes: whoever started it is gone then.

const ended = new AbortController();
process.once("SIGTERM", () => ended.abort());
process.once("SIGINT", () => ended.abort());
process.stdin.once("close", () => ended.abort());
process.stdin.once("end", () => ended.abort());
process.stdin.resume();

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

// Nodes whose image is not the installed machine but a Debian, by name: PULUMI_CLAN_SIM_FOREIGN="galena scheelite".
const foreign = new Set((process.env["PULUMI_CLAN_SIM_FOREIGN"] ?? "").split(" "));
const machines = exampleHosts.map((host) => (foreign.has(host.name) ? { ...host, kind: "debian" as const } : host));

await using standIn = await startGcpStandIn(log, defaultSimState(), machines);
process.stdout.write(`${standIn.port} ${standIn.restPort}\n`);
if (!ended.signal.aborted) await once(ended.signal, "abort");
process.stdin.destroy();
