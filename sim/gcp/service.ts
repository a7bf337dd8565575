import grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./property-values.ts";
import type { DiffResult, GcpProvider } from "./provider.ts";

// Answers of a provider without methods of its own kind (construct, call, list, …) are the server's "unimplemented".
type Served = Pick<
  IResourceProviderServer,
  | "handshake"
  | "attach"
  | "getPluginInfo"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "invoke"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel"
>;

/** Binds the provider to gRPC. Source: pulumi/pulumi 3.270, proto/pulumi/provider.proto. */
export function providerService(provider: GcpProvider, log: (line: string) => void): Served {
  const answer = answering(log);
  return { ...pluginMethods(provider, answer), ...resourceMethods(provider, answer) };
}

type PluginMethod = "handshake" | "attach" | "getPluginInfo" | "checkConfig" | "diffConfig" | "configure" | "cancel";
type Answering = ReturnType<typeof answering>;

// The life of the plugin itself.
function pluginMethods(provider: GcpProvider, answer: Answering): Pick<Served, PluginMethod> {
  return {
    handshake: answer("handshake", async () => {
      // Secrets arrive opened: the engine marks the outputs of the same names again.
      return new messages.ProviderHandshakeResponse();
    }),
    attach: answer("attach", async () => new empty.Empty()),
    getPluginInfo: answer("getPluginInfo", async () => {
      const info = new plugin.PluginInfo();
      info.setVersion("9.37.0");
      return info;
    }),
    checkConfig: answer("checkConfig", async (request: messages.CheckRequest) =>
      checked(properties(request.getNews()), []),
    ),
    diffConfig: answer("diffConfig", async () => {
      const response = new messages.DiffResponse();
      response.setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE);
      return response;
    }),
    configure: answer("configure", async (request: messages.ConfigureRequest) => {
      provider.configure(properties(request.getArgs()));
      const response = new messages.ConfigureResponse();
      response.setSupportspreview(true);
      return response;
    }),
    cancel: answer("cancel", async () => {
      provider.cancel();
      return new empty.Empty();
    }),
  };
}

// What it does to resources.
function resourceMethods(provider: GcpProvider, answer: Answering): Omit<Served, PluginMethod> {
  return {
    invoke: answer("invoke", async (request: messages.InvokeRequest) => {
      const response = new messages.InvokeResponse();
      response.setReturn(toStruct(await provider.invoke(request.getTok(), properties(request.getArgs()))));
      return response;
    }),
    check: answer("check", async (request: messages.CheckRequest) => {
      const [olds, news] = [properties(request.getOlds()), properties(request.getNews())];
      const { inputs, failures } = provider.check(request.getUrn(), olds, news, request.getRandomseed_asU8());
      return checked(inputs, failures);
    }),
    diff: answer("diff", async (request: messages.DiffRequest) => {
      const olds = properties(request.getOldInputs() ?? request.getOlds());
      return differing(provider.diff(request.getUrn(), olds, properties(request.getNews())));
    }),
    create: answer("create", async (request: messages.CreateRequest) => {
      const { id, outputs } = await provider.create(
        request.getUrn(),
        properties(request.getProperties()),
        request.getPreview(),
      );
      const response = new messages.CreateResponse();
      response.setId(id);
      response.setProperties(toStruct(outputs));
      return response;
    }),
    read: answer("read", async (request: messages.ReadRequest) => {
      const live = await provider.read(request.getUrn(), request.getId());
      const response = new messages.ReadResponse();
      if (live === undefined) return response; // no id: it is gone
      response.setId(request.getId());
      response.setProperties(toStruct(live.outputs));
      response.setInputs(toStruct(live.inputs));
      return response;
    }),
    update: answer("update", async (request: messages.UpdateRequest) => {
      const [olds, news] = [properties(request.getOlds()), properties(request.getNews())];
      const outputs = await provider.update(request.getUrn(), request.getId(), olds, news, request.getPreview());
      const response = new messages.UpdateResponse();
      response.setProperties(toStruct(outputs));
      return response;
    }),
    delete: answer("delete", async (request: messages.DeleteRequest) => {
      await provider.delete(request.getUrn(), request.getId());
      return new empty.Empty();
    }),
  };
}

function answering(log: (line: string) => void) {
  return <Request, Response>(
    method: string,
    work: (request: Request) => Promise<Response>,
  ): grpc.handleUnaryCall<Request, Response> =>
    (call, callback) => {
      work(call.request).then(
        (response) => callback(null, response),
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          log(`${method}: ${error instanceof Error ? (error.stack ?? reason) : reason}`);
          callback({
            code: grpc.status.UNKNOWN,
            message: `1 error occurred:\n\t* ${reason.replaceAll("\n", "\n\t  ")}\n\n`,
          });
        },
      );
    };
}

function checked(
  inputs: Properties,
  failures: readonly { property: string; reason: string }[],
): messages.CheckResponse {
  const response = new messages.CheckResponse();
  response.setInputs(toStruct(inputs));
  for (const { property, reason } of failures) {
    const failure = new messages.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function differing({ changes, deleteBeforeReplace }: DiffResult): messages.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const { Kind } = messages.PropertyDiff;
  const response = new messages.DiffResponse();
  response.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  response.setDiffsList([...new Set(changes.map(({ property }) => property))]);
  response.setReplacesList([...new Set(changes.filter(({ replaces }) => replaces).map(({ property }) => property))]);
  for (const { path, kind, replaces } of changes) {
    const detail = new messages.PropertyDiff();
    const plain = { add: Kind.ADD, delete: Kind.DELETE, update: Kind.UPDATE }[kind];
    const replacing = { add: Kind.ADD_REPLACE, delete: Kind.DELETE_REPLACE, update: Kind.UPDATE_REPLACE }[kind];
    detail.setKind(replaces ? replacing : plain);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

function properties(from: struct.Struct | undefined): Properties {
  // A protobuf Struct holds exactly null, boolean, number, string, list and object.
  return (from?.toJavaScript() ?? {}) as Properties;
}

function toStruct(from: Properties): struct.Struct {
  // fromJavaScript takes its argument mutable but only reads it; undefined does not occur in it.
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(from)));
}
