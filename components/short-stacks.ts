/**
 * Registers resources without the SDK's long stacks. The SDK writes one for each of the four promises behind every property
 * of every resource, for a message about promises that nobody waited for, and has source-map-support map each of their
 * frames: of 3.5 s of CPU with 200 machines 2.9 s, and 4 KB a property until the run ends. Positions need no map here: Node
 * strips types in place. Two frames still say where an error comes from.
 * Source: @pulumi/pulumi 3.270, runtime/debuggable.js (`debuggablePromise`), runtime/rpc.js (`transferProperties`),
 * cmd/run/index.js.
 */
export function withShortStacks<T>(register: () => T): T {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Reflect.deleteProperty(Error, "prepareStackTrace");
  Error.stackTraceLimit = 2;
  try {
    return register();
  } finally {
    if (prepareStackTrace !== undefined) Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
