// Writes the recordings anew, with Nix 2.26 on PATH; with the names of Debian suites those of the suites' Nix, as root, in the
// roots that scripts/make-receivers.ts makes: `node tests/deploy/store/support/record-session.ts [suite…]`. Review the diff.
import { writeFile } from "node:fs/promises";
import { RootReceiver, receiverRoot } from "../../receivers/receiver-root.ts";
import { patience } from "../../support/signals.ts";
import { OtherStore } from "./closures.ts";
import { askDaemon, askNix, type Caller, clientBytes, recording, workerClientBytes } from "./serve-session.ts";

// Greeting 48, query 16, two additions 16, query 16 + 2 × 64, root 16. A daemon that refuses us has less to say.
const workerAnswer = 240;
const [serveClient, workerClient] = [await clientBytes(), await workerClientBytes()];
const suites = process.argv.slice(2);

if (suites.length === 0) {
  await using store = await OtherStore.make();
  await writeFile(recording.client, serveClient);
  await writeFile(recording.of("2.26").serve, await askNix(store.uri, serveClient));
  await using another = await OtherStore.make();
  await writeFile(recording.workerClient, workerClient);
  await writeFile(recording.of("2.26").worker, await askDaemon(another.uri, workerClient, workerAnswer));
}
for (const [index, suite] of suites.entries()) {
  const base = receiverRoot(suite);
  if (base === undefined) throw new Error(`no root of ${suite}`);
  await using receiver = await RootReceiver.start(base, 2300 + index, patience());
  const caller: Caller = (program) => ["chroot", receiver.root, "env", "HOME=/root", program];
  const version = /(\d+\.\d+)/.exec(await receiver.ask("nix-store --version", patience()))?.[1] ?? "unknown";
  const files = recording.of(version);
  await writeFile(files.serve, await askNix("/tmp/serve", serveClient, caller));
  await writeFile(
    files.worker,
    await askDaemon("/tmp/worker", workerClient, suite === "bookworm" ? 16 : workerAnswer, caller),
  );
  console.log(`${files.serve.pathname}\n${files.worker.pathname}`);
}
