import * as pulumi from "@pulumi/pulumi";

/** A resource as a component registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Answers like an engine in an update: outputs are the inputs and what `outputs` adds. */
export async function recordResources(
  outputs: (resource: Registered) => Record<string, unknown> = () => ({}),
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const resource = { type, name, inputs };
        registered.push(resource);
        return { id: `${name}-id`, state: { ...inputs, ...outputs(resource) } };
      },
      call: ({ inputs }) => inputs,
    },
    "pulumi-clan",
    "test",
    false,
  );
  return registered;
}

export function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
