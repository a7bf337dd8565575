import { z } from "zod";

/**
 * An RFC 1123 label of 1 to 63 characters: host name, Pulumi name and folder name at once.
 * Source: RFC 1123 §2.1; clan-core 26.05, `modules/inventoryClass/inventory.nix` accepts more, networks do not.
 */
export const machineNameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "expected an RFC 1123 label: a-z, 0-9 and inner hyphens")
  .brand("MachineName");
export type MachineName = z.output<typeof machineNameSchema>;

/** What builds the machine: `nixosSystem` or `darwinSystem`. */
export const machineClassSchema = z.enum(["nixos", "darwin"]);
export type MachineClass = z.output<typeof machineClassSchema>;

/** Where something is stated: `file` relative to the fleet's root with `/`, `line` from 1 where it is known. */
const locationSchema = z.strictObject({ file: z.string(), line: z.int().positive().exactOptional() });
export type Location = z.output<typeof locationSchema>;

const machineSchema = z.strictObject({
  class: machineClassSchema,
  /** `nixpkgs.hostPlatform`, e.g. `x86_64-linux`; null: an adopted machine's, whose configuration was not read. */
  system: z.string().nullable(),
  /** Stated tags in their order, then the computed ones: `all` and the class. */
  tags: z.array(z.string()),
  description: z.string().nullable(),
  /** `[user@]host[:port]`; null: unknown to the inventory. */
  targetHost: z.string().nullable(),
  buildHost: z.string().nullable(),
  /** What the registry imports: `<class>/<entry>`. */
  imports: z.array(z.string()),
  /** Who has an account or a home on it, sorted. */
  users: z.array(z.string()),
  registered: z.boolean(),
  inInventory: z.boolean(),
  definedAt: locationSchema,
  /** Nix's last error, where an adopted machine does not evaluate. */
  problem: z.string().exactOptional(),
});
export type MachineModel = z.output<typeof machineSchema>;

const entrySchema = z.strictObject({
  /** Files that define it; several make it an aggregate. */
  files: z.array(z.string()),
  /** Machines that it reaches through any chain of imports, homes and service instances, sorted. */
  importedBy: z.array(z.string()),
});
export type EntryModel = z.output<typeof entrySchema>;

const roleSchema = z.strictObject({
  /** Members by name. */
  machines: z.array(z.string()),
  tags: z.array(z.string()),
  /** Members by name or by tag, sorted. */
  members: z.array(z.string()),
  /** The role's own settings; those of single members stay with the inventory. */
  settings: z.record(z.string(), z.json()),
});
export type RoleModel = z.output<typeof roleSchema>;

const instanceSchema = z.strictObject({
  /** `input` null: clan-core's own service. `self`: a service of this fleet. */
  module: z.strictObject({ name: z.string(), input: z.string().nullable() }),
  roles: z.record(z.string(), roleSchema),
  definedAt: locationSchema,
});
export type InstanceModel = z.output<typeof instanceSchema>;

const acceleratorSchema = z.strictObject({ type: z.string(), count: z.int().positive() });

const serviceAccountSchema = z.strictObject({
  /** null: an account is made for the VM. */
  email: z.string().nullable(),
  scopes: z.array(z.string()),
});

/** A Compute Engine VM under a machine; units, defaults and what a change costs: docs/nodes.md. */
export const gcpNodeSchema = z.strictObject({
  kind: z.literal("gcp"),
  project: z.string(),
  machineType: z.string(),
  /** Candidates in the order in which they are tried. */
  zones: z.array(z.string()).min(1),
  accelerators: z.array(acceleratorSchema),
  diskSizeGb: z.int().positive(),
  /** What it boots first: an image of Google's or one's own, or the machine's own system. */
  image: z.union([z.string(), z.strictObject({ fromClosure: z.literal(true) })]),
  onHostMaintenance: z.enum(["MIGRATE", "TERMINATE"]),
  labels: z.record(z.string(), z.string()),
  /** Ranges from which port 22 is open. */
  sshSources: z.array(z.string()),
  /** null: the VM calls Google's API as nobody. */
  serviceAccount: serviceAccountSchema.nullable().default(null),
  /** Google refuses to delete the VM until this is taken back. */
  deletionProtection: z.boolean().default(false),
  definedAt: locationSchema,
});
export type GcpNodeModel = z.output<typeof gcpNodeSchema>;

/** The cloud VM under a machine; another cloud is another `kind`. */
const nodeSchema = z.discriminatedUnion("kind", [gcpNodeSchema]);
export type NodeModel = z.output<typeof nodeSchema>;

/** What becomes of one file of a generator; null: not known. Source: clan-core 26.05, `clan.core.vars.generators`. */
const generatorFileSchema = z.strictObject({
  secret: z.boolean().nullable(),
  deploy: z.boolean().nullable(),
  owner: z.string().nullable(),
  group: z.string().nullable(),
  mode: z.string().nullable(),
  neededFor: z.string().nullable(),
});
const generatorSchema = z.strictObject({ share: z.boolean(), files: z.record(z.string(), generatorFileSchema) });

/** A check of clan's own, which failed. Source: clan-core 26.05, `clanInternals.cliChecks`. */
const clanCheckSchema = z.strictObject({ id: z.string(), message: z.string(), severity: z.string() });

/** A fleet as plain JSON with provenance: what checks, graphs, components and the deployer consume. */
export const fleetModelSchema = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  machines: z.record(machineNameSchema, machineSchema),
  /** Class → entry. */
  namespaces: z.record(z.string(), z.record(z.string(), entrySchema)),
  instances: z.record(z.string(), instanceSchema),
  /** Tag → machines that carry it, sorted; computed tags included. */
  tags: z.record(z.string(), z.array(z.string())),
  nodes: z.record(machineNameSchema, nodeSchema),
  /** Names of the generators whose vars are on disk; values are never read into the model. */
  vars: z.strictObject({
    directory: z.string(),
    perMachine: z.record(z.string(), z.array(z.string())),
    shared: z.array(z.string()),
    /** Machine → generator, as the configurations of an adopted fleet declare them. */
    generators: z.record(z.string(), z.record(z.string(), generatorSchema)).exactOptional(),
  }),
  /** Back end of clan's vars (`sops`, `age`, `password-store`); null: clan's default. */
  secretStore: z.string().nullable(),
  clanChecks: z.array(clanCheckSchema).exactOptional(),
});
export type FleetModel = z.output<typeof fleetModelSchema>;
