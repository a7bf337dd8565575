import grpc from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { exampleHosts, type HostSpec } from "../hosts/host-spec.ts";
import { defaultSimState, type SimState } from "../hosts/sim-state.ts";
import { startComputeRest } from "./compute-rest.ts";
import { GcpProvider } from "./provider.ts";
import { providerService } from "./service.ts";
import type { StandInPorts } from "./stand-in-environment.ts";

/** The stand-in of the Google provider and of Google's API, serving on the loopback interface. Disposal ends it, not its hosts. */
export interface GcpStandIn extends StandInPorts, AsyncDisposable {}

/** Starts the stand-in in this process. Its cloud is `gcp.json` in the state directory, so a later one goes on with it. */
export async function startGcpStandIn(
  log: (line: string) => void,
  state: SimState = defaultSimState(),
  machines: readonly HostSpec[] = exampleHosts,
): Promise<GcpStandIn> {
  const provider = new GcpProvider(state, log, machines);
  // Metadata such as startup scripts and closures' lists may be long: no limit but memory, as with the real plugin.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(service.ResourceProviderService, { ...providerService(provider, log) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  const port = await promise;
  const rest = await startComputeRest(state, machines, log);
  log(`serving on 127.0.0.1:${port} and ${rest.port}, cloud in ${state.directory}`);
  return {
    port,
    restPort: rest.port,
    [Symbol.asyncDispose]: async () => {
      provider.cancel();
      server.forceShutdown();
      await rest[Symbol.asyncDispose]();
    },
  };
}
