import { linkProfiles } from "./link-profile.ts";
import { startLinkProxy } from "./link-proxy.ts";

// A process of its own, so that it neither slows down nor is measured with the client: `node main.ts <profile> <host> <port>`.
// Prints the port; ends with its stdin.
const [name, host, port] = process.argv.slice(2);
const link = linkProfiles.find((profile) => profile.name === name)?.emulated;
if (link === undefined || host === undefined)
  throw new TypeError("expected the name of an emulated link, a host and a port");
await using proxy = await startLinkProxy(link, { host, port: Number(port) });
process.stdout.write(`${proxy.port}\n`);
const { promise, resolve } = Promise.withResolvers<void>();
process.stdin.on("end", () => resolve()).resume();
await promise;
