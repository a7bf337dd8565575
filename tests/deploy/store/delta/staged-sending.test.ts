import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { ServerChannel } from "ssh2";
import { connect } from "../../../../deploy/ssh/connect.ts";
import type { SshHost } from "../../../../deploy/ssh/ssh-host.ts";
import { StagedSending } from "../../../../deploy/store/delta/staged-sending.ts";
import { ReceiverProcess } from "../../../../deploy/store/receiver-process.ts";
import { ServeChannel } from "../../../../deploy/store/serve-channel.ts";
import { startTestServer } from "../../support/ssh-server.ts";
import { info } from "../support/paths.ts";

describe("stages of differences", function () {
  this.timeout(60_000);
  const stack = new AsyncDisposableStack();
  const temporary = process.env["TMPDIR"];
  let folder: string;
  let host: SshHost;
  const patience = (): AbortSignal => AbortSignal.timeout(50_000);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "staged-sending-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    // Its receivers are ready at once.
    const onExec = (_line: string, channel: ServerChannel): void => {
      let heard = "";
      channel.on("data", (piece: Buffer) => {
        heard += piece.toString("latin1");
        if (heard.endsWith("\nexit\n}\n")) channel.write("ready\n");
      });
    };
    const server = stack.use(await startTestServer({ onExec }));
    host = stack.use(await connect(server.spec(), () => undefined, patience()));
    process.env["TMPDIR"] = folder;
  });
  after(async () => {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    await stack.disposeAsync();
  });

  it("that fail give back what was prepared for the next one before all that is left goes in full", async () => {
    const said: string[] = [];
    const command = { kind: "direct", argv: ["/bin/nix-store"] } as const;
    await using lock = await ServeChannel.greet(await ReceiverProcess.start(host, "none", command, patience()));
    const way = {
      host,
      receiver: { nixStore: "/bin/nix-store", elevation: "none", zstd: "/bin/zstd" },
      lock,
      onAdded: () => undefined,
      tally: { bytesSent: 0, roundTrips: 0 },
    } as const;
    const [first, second] = [info(1, []), info(2, [])]; // which are not in this machine's store
    const stages = [first, second].map((one) => ({ kind: "delta", paths: [one], references: [] }) as const);
    const sending = new StagedSending(stages, way, { paths: 0, bytes: 0, bytesSent: 0 }, (_, words) =>
      said.push(words),
    );
    const full: unknown[] = [];
    for await (const paths of sending.run(patience())) {
      full.push(paths);
      assert.deepEqual(await readdir(folder), [], "no archives lie here, and no place is taken");
    }
    assert.deepEqual(full, [[first, second]]);
    assert.match(said.join("\n"), /the differences did not arrive, sending in full: .*path-1/);
  });
});
