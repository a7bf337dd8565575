import * as pulumi from "@pulumi/pulumi";

/** Pulumi's methods of a dynamic provider → the function of our module that does it; `delete` is no name for a function. */
const functions = {
  check: "check",
  diff: "diff",
  create: "create",
  read: "read",
  update: "update",
  delete: "remove",
} as const;

/** A method of Pulumi's dynamic providers. One that is left out does what Pulumi does without it. */
export type Operation = keyof typeof functions;

type Provider<Inputs, Outputs> = Required<pulumi.dynamic.ResourceProvider<Inputs, Outputs>>;

/** What the module of a runtime must export for the operations that it takes part in. */
type Runtime<Inputs, Outputs, Operations extends Operation> = {
  readonly [O in Operations as (typeof functions)[O]]: Provider<Inputs, Outputs>[O];
};

/** A module of ours that does the work of one kind of resource, and the part of it that Pulumi may call. */
export interface StoredRuntime {
  /** Of this package, as `exports` of package.json has it. Old states hold it, so it never changes. */
  readonly module: `pulumi-clan/runtime/${string}`;
  readonly operations: readonly Operation[];
}

/**
 * Names a runtime.
 * @typeParam Module - `typeof import(…)` of it, which is checked to export what Pulumi will call, and not loaded.
 */
export function storedRuntime<Inputs, Outputs, Module>() {
  return <O extends Operation>(
    module: Module extends Runtime<Inputs, Outputs, O> ? StoredRuntime["module"] : never,
    operations: readonly O[],
  ): StoredRuntime => ({ module, operations });
}

/**
 * A resource of Pulumi's dynamic provider. Pulumi keeps the provider as text in the inputs and in the outputs of every
 * resource, and refresh and destroy run that text: so it captures nothing, imports by package name when it is called, and an
 * old state runs today's code. Pulumi's own class would write the text by serialising an object's methods: seven times as
 * long (2.4 KB, twice a resource), by way of the TypeScript compiler, which a program loads for it.
 * Source: @pulumi/pulumi 3.270, dynamic/index.js (`Resource`), cmd/dynamic-provider/index.js (`getProvider`).
 */
export abstract class StoredResource extends pulumi.CustomResource {
  constructor(
    type: string,
    runtime: StoredRuntime,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(`pulumi-nodejs:dynamic/clan:${type}`, name, { ...props, __provider: storedText(runtime) }, opts);
  }
}

/**
 * CommonJS whose `handler` gives the provider. `configure` only stores, and at once: a call that comes while it waits runs
 * unconfigured (seen with SDK 3.270). Secrets of the stack reach a provider this way alone, so that none is an input.
 */
export function storedText({ module, operations }: StoredRuntime): string {
  const methods = operations.map((operation) => `${operation}: call("${functions[operation]}")`);
  return `const call = (name) => async (...args) => (await import("${module}"))[name](...args);
const configure = async ({ config }) => void (globalThis.pulumiClanConfig = config);
exports.handler = () => ({ configure, ${methods.join(", ")} });
`;
}
