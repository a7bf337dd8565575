import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { recordResources } from "../../components/support.ts";

const project = resolve(import.meta.dirname, "..", "..", "..");

type Client = InstanceType<typeof providerService.ResourceProviderClient>;
type Call = (request: unknown, callback: (error: grpc.ServiceError | null, response: unknown) => void) => void;

/** A line that the plugin sent to its engine. */
export interface Logged {
  readonly urn: string;
  readonly message: string;
  /** Shows live, and leaves nothing behind. */
  readonly ephemeral: boolean;
}

/** Pulumi's own plugin process for dynamic providers, with an engine that only takes logs. */
export class PluginProcess implements AsyncDisposable {
  readonly logged: Logged[] = [];
  /** Our provider as Pulumi stores it in a state. */
  readonly stored: string;
  readonly child: ChildProcess;
  readonly #engine: grpc.Server;
  readonly #client: Client;

  private constructor(stored: string, child: ChildProcess, engine: grpc.Server, client: Client, logged: Logged[]) {
    this.stored = stored;
    this.child = child;
    this.#engine = engine;
    this.#client = client;
    this.logged = logged;
  }

  /** @param inputs - of any SystemClosure; only its serialised provider is taken. */
  static async start(inputs: Readonly<Record<string, unknown>>): Promise<PluginProcess> {
    const registered = await recordResources();
    const { SystemClosure } = await import("../../../providers/system-closure.ts");
    new SystemClosure("any-closure", inputs as never); // a program's own types are not the subject here
    await (await import("@pulumi/pulumi")).runtime.disconnect();
    const stored = String(registered.at(-1)?.inputs["__provider"]);

    const logged: Logged[] = [];
    const log: grpc.handleUnaryCall<LogRequest, unknown> = ({ request }, done) => {
      logged.push({ urn: request.getUrn(), message: request.getMessage(), ephemeral: request.getEphemeral() });
      done(null, new emptyProto.Empty());
    };
    const engine = new grpc.Server();
    engine.addService(engineService.EngineService, { log });
    const port = await promisify(engine.bindAsync.bind(engine))("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
    const entry = resolve(project, "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js");
    const child = spawn(process.execPath, [entry, `127.0.0.1:${port}`], {
      cwd: project,
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(child.stdout);
    const [line] = await once(child.stdout.setEncoding("utf8"), "data");
    const address = `127.0.0.1:${String(line).trim()}`;
    const client = new providerService.ResourceProviderClient(address, grpc.credentials.createInsecure());
    const configure = new provider.ConfigureRequest();
    configure.setArgs(structProto.Struct.fromJavaScript({}));
    await promisify<unknown, unknown>(client.configure.bind(client) as Call)(configure);
    return new PluginProcess(stored, child, engine, client, logged);
  }

  /** One call of Pulumi's provider protocol. */
  call(method: "diff" | "create" | "read" | "update" | "delete", request: unknown): Promise<unknown> {
    return promisify<unknown, unknown>(this.#client[method].bind(this.#client) as Call)(request);
  }

  /** Lines that stay when the run is over. */
  get lasting(): readonly Logged[] {
    return this.logged.filter(({ ephemeral }) => !ephemeral);
  }

  /** Properties as the engine sends them. */
  properties(values: Readonly<Record<string, unknown>>): structProto.Struct {
    const plain = { ...structuredClone(values), __provider: this.stored };
    return structProto.Struct.fromJavaScript(plain as never); // plain JSON, which its types are narrower than
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    this.#engine.forceShutdown();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill();
    await once(this.child, "close");
  }
}
