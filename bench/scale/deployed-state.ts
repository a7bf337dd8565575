import { randomUUID } from "node:crypto";
import { z } from "zod";
import { parseStorePath } from "../../local-nix/store-path.ts";
import { storedOutputs } from "../../providers/stored-closure.ts";
import { type ClosureFacts, type ClosureInputs, closureInputsSchema } from "../../providers/system-closure-schema.ts";
import { closureType, machineType, nameOf } from "../../stack/stack-state.ts";

/** Source: pulumi 3.250, sdk/go/common/apitype/core.go, `ResourceV3`; loose: the rest goes into the state as it is. */
const plannedSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  provider: z.string().optional(),
});
type PlannedResource = z.output<typeof plannedSchema>;

/** What `pulumi preview --json` tells of a stack that has no state yet. */
export const firstPreviewSchema = z.looseObject({
  steps: z.array(z.looseObject({ op: z.literal("create"), newState: plannedSchema })),
});

/**
 * The state that an update would leave which deploys everything that a first preview plans, as `pulumi stack import` takes it.
 * The inputs of each resource are what the program has declared; the outputs of a system are those of a host that was
 * deployed to at its first try and answers as it should.
 */
export function deployedState(preview: z.output<typeof firstPreviewSchema>, deployedAt: number): unknown {
  const planned = preview.steps.map(({ newState }) => newState);
  const provider = planned.find(({ type }) => type === closureType)?.provider;
  if (provider === undefined) throw new Error("the preview plans no system");
  const id = randomUUID();
  // `<urn>::<id>`; in a preview the provider's id is a placeholder.
  const providerUrn = provider.slice(0, provider.lastIndexOf("::"));
  const closures = planned.flatMap(({ type, inputs }) =>
    type === closureType ? closureInputsSchema.parse(inputs) : [],
  );
  const resources = planned.map((resource) => ({
    ...resource,
    ...outputsOf(resource, closures, deployedAt),
    ...(resource.provider === undefined ? {} : { provider: `${providerUrn}::${id}` }),
  }));
  const [stack, ...others] = resources;
  const providerResource = {
    urn: providerUrn,
    custom: true,
    id,
    type: providerUrn.split("::")[2],
    inputs: {},
    outputs: {},
  };
  return {
    version: 3,
    deployment: {
      manifest: { time: new Date(deployedAt * 1000).toISOString(), magic: "", version: "" },
      resources: [stack, providerResource, ...others],
    },
  };
}

function outputsOf(
  { urn, type, inputs }: PlannedResource,
  closures: readonly ClosureInputs[],
  deployedAt: number,
): { readonly id?: string; readonly outputs: Readonly<Record<string, unknown>> } {
  const table = { machines: Object.fromEntries(closures.map((closure) => [closure.machine, rowOf(closure)])) };
  switch (type) {
    case closureType: {
      const declared = closureInputsSchema.parse(inputs);
      const outputs = storedOutputs({ ...declared, ...factsOf(declared, deployedAt) });
      return { id: declared.machine, outputs: { ...inputs, ...outputs } };
    }
    case machineType:
      return { outputs: { outcome: "switched" } };
    case "pulumi:pulumi:Stack":
      return { outputs: { ...table, publicVars: { perMachine: publishedBy(closures), shared: {} } } };
    case "clan:index:Fleet":
    case "clan:index:MachineRegistry":
      return { outputs: table };
    default:
      if (urn.includes("pulumi-nodejs:dynamic"))
        throw new Error(`${nameOf(urn)}: what a deployed one has is not known here`);
      return { outputs: {} };
  }
}

function rowOf({ class: machineClass, toplevel, targetHost }: ClosureInputs): unknown {
  return { class: machineClass, outcome: "switched", toplevel, generation: 7, seconds: 12.3, targetHost };
}

function publishedBy(closures: readonly ClosureInputs[]): unknown {
  return Object.fromEntries(
    closures.map(({ machine, hostKeys }) => [machine, { "openssh/ssh.id_ed25519.pub": `${hostKeys[0]?.key}\n` }]),
  );
}

/** As providers/system-closure.impl.ts leaves them after a switch. */
function factsOf({ machine, owner, toplevel, secrets }: ClosureInputs, deployedAt: number): ClosureFacts {
  const previous = parseStorePath(toplevel.replace(/(?<=^\/nix\/store\/).{4}/, "0000"));
  return {
    running: toplevel,
    specialisations: [],
    profile: toplevel,
    generation: 7,
    outcome: "switched",
    failedUnits: [],
    seconds: 12.3,
    formerHostKeys: [],
    formerOwners: [],
    booted: previous,
    defaultEntry: "nixos-generation-7.conf",
    nextBoot: toplevel,
    bootId: "5e1f5c3a-7a51-4f1e-9a3c-0d7f3a0f2b11",
    hostKey: "SHA256:9fKq3c6tqk8vW0c9Jd5e0b7uYt1rLxJ2mZ4nP6sQ8aE",
    marker: { ...owner, machine },
    openTransaction: null,
    leftovers: [],
    rebootFor: [],
    secretsDelivered: secrets?.digest ?? null,
    deployedAt,
    previous,
    took: { seconds: { build: 1.2, push: 6.3, activate: 4.1 }, bytes: 41_000_000 },
    drift: null,
  };
}
