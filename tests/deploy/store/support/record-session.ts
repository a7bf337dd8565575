// Writes the recordings anew: `node tests/deploy/store/support/record-session.ts`, with Nix 2.26 on PATH. Review the diff.
import { writeFile } from "node:fs/promises";
import { OtherStore } from "./closures.ts";
import { askNix, clientBytes, recording } from "./serve-session.ts";

await using store = await OtherStore.make();
const client = await clientBytes();
await writeFile(recording.client, client);
await writeFile(recording.server, await askNix(store.uri, client));
