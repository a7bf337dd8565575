import grpc from "@grpc/grpc-js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "../../../sim/gcp/property-values.ts";

/** The engine's side of a provider, as far as the tests need it. */
export interface ProviderClient extends Disposable {
  configure(config: Properties): Promise<boolean>;
  check(urn: string, news: Properties, olds?: Properties): Promise<{ inputs: Properties; failures: string[] }>;
  diff(
    urn: string,
    olds: Properties,
    news: Properties,
  ): Promise<{ diffs: string[]; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(urn: string, inputs: Properties, preview?: boolean): Promise<{ id: string; outputs: Properties }>;
  update(urn: string, id: string, olds: Properties, news: Properties): Promise<Properties>;
  read(urn: string, id: string): Promise<{ id: string; inputs: Properties; outputs: Properties }>;
  delete(urn: string, id: string): Promise<void>;
  cancel(): Promise<void>;
}

type Answer<T> = (error: grpc.ServiceError | null, response: T) => void;

/** Connects to a provider on the loopback interface. */
export function providerClient(port: number): ProviderClient {
  const client = new service.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const call = <Response>(
    method: (client: ResourceProviderClient, answer: Answer<Response>) => unknown,
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      method(client, (error, response) => (error === null ? resolve(response) : reject(new Error(error.details))));
    });
  return {
    configure: async (config) => {
      const request = new messages.ConfigureRequest().setArgs(toStruct(config));
      return (
        await call<messages.ConfigureResponse>((to, answer) => to.configure(request, answer))
      ).getSupportspreview();
    },
    check: async (urn, news, olds = {}) => {
      const request = new messages.CheckRequest().setUrn(urn).setNews(toStruct(news)).setOlds(toStruct(olds));
      const response = await call<messages.CheckResponse>((to, answer) => to.check(request, answer));
      const failures = response.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
      return { inputs: fromStruct(response.getInputs()), failures };
    },
    diff: async (urn, olds, news) => {
      const request = new messages.DiffRequest().setUrn(urn).setOldInputs(toStruct(olds)).setNews(toStruct(news));
      const response = await call<messages.DiffResponse>((to, answer) => to.diff(request, answer));
      const deleteBeforeReplace = response.getDeletebeforereplace();
      return { diffs: response.getDiffsList(), replaces: response.getReplacesList(), deleteBeforeReplace };
    },
    create: async (urn, inputs, preview = false) => {
      const request = new messages.CreateRequest().setUrn(urn).setProperties(toStruct(inputs)).setPreview(preview);
      const response = await call<messages.CreateResponse>((to, answer) => to.create(request, answer));
      return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
    },
    update: async (urn, id, olds, news) => {
      const request = new messages.UpdateRequest()
        .setUrn(urn)
        .setId(id)
        .setOlds(toStruct(olds))
        .setNews(toStruct(news));
      return fromStruct(
        (await call<messages.UpdateResponse>((to, answer) => to.update(request, answer))).getProperties(),
      );
    },
    read: async (urn, id) => {
      const response = await call<messages.ReadResponse>((to, answer) =>
        to.read(new messages.ReadRequest().setUrn(urn).setId(id), answer),
      );
      return {
        id: response.getId(),
        inputs: fromStruct(response.getInputs()),
        outputs: fromStruct(response.getProperties()),
      };
    },
    delete: async (urn, id) => {
      await call((to, answer) => to.delete(new messages.DeleteRequest().setUrn(urn).setId(id), answer));
    },
    cancel: async () => {
      const { default: empty } = await import("google-protobuf/google/protobuf/empty_pb.js");
      await call((to, answer) => to.cancel(new empty.Empty(), answer));
    },
    [Symbol.dispose]: () => client.close(),
  };
}

function toStruct(from: Properties): struct.Struct {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(from)));
}

function fromStruct(from: struct.Struct | undefined): Properties {
  return (from?.toJavaScript() ?? {}) as Properties; // a Struct holds nothing else
}
