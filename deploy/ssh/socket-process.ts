import { type Duplex, PassThrough } from "node:stream";
import type { HostChannel, RemoteProcess } from "./transport.ts";

/**
 * A stream to a socket on a host, with the manners of a command there: who listens says nothing on stderr, and has no exit
 * code, so its end is that of one which was ended by a signal.
 */
export function asProcess(stream: Duplex): RemoteProcess {
  const { promise: ended, resolve } = Promise.withResolvers<undefined>();
  const channel = isHostChannel(stream) ? stream : withManners(stream);
  stream.once("close", () => resolve(undefined));
  // Who listened has gone; sshd keeps the other direction open until we say that nothing more comes.
  stream.once("end", () => {
    channel.close();
    resolve(undefined);
  });
  stream.on("error", () => undefined); // an end like any other: "close" follows
  return { channel, ended };
}

/** Those of ssh2 are channels as every command's. */
function isHostChannel(stream: Duplex): stream is HostChannel {
  return "stderr" in stream && "close" in stream;
}

function withManners(stream: Duplex): HostChannel {
  return Object.assign(stream, { stderr: new PassThrough().end(), close: () => void stream.destroy() });
}
