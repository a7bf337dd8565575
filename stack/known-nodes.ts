import { z } from "zod";
import { closureType, nameOf, type StateResource } from "./stack-state.ts";

/** What a stack's state knows of the VM under a machine. */
export interface KnownNode {
  readonly project: string;
  readonly zone: string;
  readonly machineType?: string | undefined;
  readonly diskSizeGb: number | undefined;
  readonly accelerators: readonly { readonly type: string; readonly count: number }[];
  /** Google refuses to delete it. */
  readonly deletionProtection: boolean;
  /** Google's own number of it. */
  readonly instanceId: string | undefined;
  /** It was stopped when it was seen last. */
  readonly isOff: boolean;
  /** It runs a NixOS of this fleet: it was installed, or deployed to. */
  readonly isInstalled: boolean;
  /** It booted an image that was made of its machine's system. */
  readonly hasOwnImage: boolean;
}

const vmType = "clan:gcp:Node$gcp:compute/instance:Instance";

const installationType = "pulumi-nodejs:dynamic/clan:Installation";

const imageType = "pulumi-nodejs:dynamic/clan:NodeImage";
const ofMachine = z.looseObject({ machine: z.string() });

type Resources = readonly (Pick<StateResource, "urn" | "type"> & { readonly outputs?: unknown })[];

const ofVm = { machine: z.string(), instanceId: z.string().optional().catch(undefined) };
const installationSchema = z.looseObject({ ...ofVm, installed: z.string().nullish().catch(null) });
const closureSchema = z.looseObject({ ...ofVm, running: z.string().nullish().catch(null) });

/** A state of any release: what is not there, or of another form, is not known. */
const vmSchema = z.looseObject({
  project: z.string(),
  zone: z.string(),
  machineType: z.string().optional().catch(undefined),
  bootDisk: z
    .looseObject({ initializeParams: z.looseObject({ size: z.number().optional() }).optional() })
    .optional()
    .catch(undefined),
  guestAccelerators: z.array(z.looseObject({ type: z.string(), count: z.number() })).catch([]),
  deletionProtection: z.boolean().catch(false),
  instanceId: z.string().optional().catch(undefined),
  desiredStatus: z.string().optional().catch(undefined),
  currentStatus: z.string().optional().catch(undefined),
});

/** Machine → its VM. @param resources - of one stack's state. */
export function knownNodes(resources: Resources): ReadonlyMap<string, KnownNode> {
  // A state of a thousand VMs is gone through once, and not for each of them.
  const installations = byMachine(resources, installationType, installationSchema);
  const closures = byMachine(resources, closureType, closureSchema);
  const images = byMachine(resources, imageType, ofMachine);
  const found = resources.flatMap(({ urn, outputs }) => {
    const types = urn.split("::")[2] ?? "";
    const name = nameOf(urn);
    const vm = types.endsWith(vmType) && name.endsWith("-node-vm") ? vmSchema.safeParse(outputs).data : undefined;
    if (vm === undefined) return [];
    const machine = name.slice(0, -"-node-vm".length);
    return [
      [
        machine,
        {
          ...nodeOf(vm),
          isInstalled: isInstalled(vm.instanceId, installations.get(machine), closures.get(machine)),
          hasOwnImage: images.has(machine),
        },
      ] as const,
    ];
  });
  return new Map(found);
}

const placementType = "pulumi-nodejs:dynamic/clan:Placement";
const placementSchema = z.looseObject({ machine: z.string(), placedIn: z.string() });

/** Machine → the zone that was found for its VM, also where the VM was not made then. @param resources - of one stack's state. */
export function knownZones(resources: Resources): ReadonlyMap<string, string> {
  const found = resources.flatMap(({ type, outputs }) => {
    const placement = type === placementType ? placementSchema.safeParse(outputs).data : undefined;
    return placement === undefined ? [] : [[placement.machine, placement.placedIn] as const];
  });
  return new Map(found);
}

/** Machine → the first resource of a type that can be read. */
function byMachine<T extends { machine: string }>(
  resources: Resources,
  wanted: string,
  schema: z.ZodType<T>,
): ReadonlyMap<string, T> {
  const found = resources.flatMap(({ type, outputs }) =>
    type === wanted ? (schema.safeParse(outputs).data ?? []) : [],
  );
  return new Map(found.toReversed().map((one) => [one.machine, one]));
}

/** Both know which VM it was; in a state of former releases not, then it was this one. */
function isInstalled(
  instanceId: string | undefined,
  installation: z.output<typeof installationSchema> | undefined,
  closure: z.output<typeof closureSchema> | undefined,
): boolean {
  const made = installation === undefined ? closure?.running : installation.installed;
  const wasFor = (installation ?? closure)?.instanceId;
  return made != null && (wasFor === undefined || wasFor === instanceId);
}

function nodeOf(vm: z.output<typeof vmSchema>): Omit<KnownNode, "isInstalled" | "hasOwnImage"> {
  return {
    project: vm.project,
    zone: lastPart(vm.zone),
    ...(vm.machineType === undefined ? {} : { machineType: lastPart(vm.machineType) }),
    diskSizeGb: vm.bootDisk?.initializeParams?.size,
    accelerators: vm.guestAccelerators.map(({ type, count }) => ({ type: lastPart(type), count })),
    deletionProtection: vm.deletionProtection,
    instanceId: vm.instanceId,
    isOff: (vm.currentStatus ?? vm.desiredStatus) === "TERMINATED",
  };
}

/** Google also gives names as links. */
export function lastPart(link: string): string {
  return link.slice(link.lastIndexOf("/") + 1);
}
