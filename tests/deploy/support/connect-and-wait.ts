// Run by tests as a process of its own: connects as its argument says, tells so and waits to be killed.
import { connect } from "../../../deploy/ssh/connect.ts";
import { connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";

const spec = connectionSpecSchema.parse(JSON.parse(process.argv[2] ?? ""));
const host = await connect(spec, () => undefined, AbortSignal.timeout(20_000));
// It ends with its input. One that does not keeps OpenSSH's connection open until it ends by itself.
const { ended } = await host.start(["cat"], "none", AbortSignal.timeout(60_000));
process.stdout.write(`${host.backEnd}\n`);
await ended;
