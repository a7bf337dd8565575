// Writes the recordings anew: `node tests/deploy/store/support/record-session.ts`, with Nix 2.26 on PATH. Review the diff.
import { writeFile } from "node:fs/promises";
import { OtherStore } from "./closures.ts";
import { askDaemon, askNix, clientBytes, recording, workerClientBytes } from "./serve-session.ts";

await using store = await OtherStore.make();
const client = await clientBytes();
await writeFile(recording.client, client);
await writeFile(recording.server, await askNix(store.uri, client));

await using another = await OtherStore.make();
const workerClient = await workerClientBytes();
await writeFile(recording.workerClient, workerClient);
// Greeting 48, query 16, two additions 16, query 16 + 2 × 64, root 16.
await writeFile(recording.workerServer, await askDaemon(another.uri, workerClient, 240));
