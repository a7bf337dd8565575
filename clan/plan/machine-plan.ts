import { z } from "zod";
import { storePathSchema } from "../../local-nix/store-path.ts";
import { machineClassSchema, machineNameSchema } from "../fleet-model.ts";

/** What led to a change, or to one being not known. */
export const reasonKinds = [
  /** This stack has never deployed the machine. */
  "first-deployment",
  /** An input of the flake is locked to another revision. */
  "input",
  "tag",
  "role",
  /** Settings or members of a service instance in which the machine has a role. */
  "instance",
  "entry",
  "file",
  /** Keys and early secrets that are delivered beside the system. */
  "secrets",
  /** The host is not as it was left: switched by hand, rolled back, rebooted, reinstalled. */
  "drift",
  /** An earlier deployment did not end, or did not end well. */
  "unfinished",
  /** Whose the host is, or whether it may be taken over. */
  "owner",
  /** The node under the machine was off. */
  "power",
  /** Why is not known. */
  "unknown",
] as const;

const reasonSchema = z.strictObject({
  kind: z.enum(reasonKinds),
  /** Of what changed; null: nothing with a name. */
  name: z.string().nullable(),
  change: z.enum(["gained", "lost", "changed"]).nullable(),
  /** For people, whole by itself. */
  text: z.string(),
});
export type Reason = z.output<typeof reasonSchema>;

/** A number of bytes or paths. */
const count = z.int().nonnegative();

const packageChangeSchema = z.strictObject({
  name: z.string(),
  /** Versions in the closure that runs, and in the new one; several where it holds several. Empty: it has none. */
  before: z.array(z.string()),
  after: z.array(z.string()),
});
export type PackageChange = z.output<typeof packageChangeSchema>;

/** Why something cannot be told. */
const notKnown = z.strictObject({ kind: z.literal("unknown"), why: z.string() });

const packagesSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("known"),
    added: z.array(packageChangeSchema),
    removed: z.array(packageChangeSchema),
    up: z.array(packageChangeSchema),
    down: z.array(packageChangeSchema),
    /** Packages with the same versions, and things without one, that are other store paths. */
    rebuilt: count,
    /** Of all archives of the closure. */
    sizeBytes: z.strictObject({ before: count, after: count }),
  }),
  notKnown,
]);
export type PackagesPlan = z.output<typeof packagesSchema>;

const copySchema = z.discriminatedUnion("kind", [
  /** What the host lacks of the new closure: archives as they are, before compression. */
  z.strictObject({ kind: z.literal("known"), paths: count, bytes: count }),
  notKnown,
]);
export type CopyPlan = z.output<typeof copySchema>;

const rebootSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["needed", "not-needed", "not-applicable"]), reasons: z.array(z.string()) }),
  notKnown,
]);
export type RebootPlan = z.output<typeof rebootSchema>;

/** What the next deployment does to one machine, as far as it can be known without building, copying or changing anything. */
export const machinePlanSchema = z.strictObject({
  class: machineClassSchema,
  /** null: it was not asked, because its node is off or has no address yet. */
  reachable: z.boolean().nullable(),
  /** What the look at the host gave: one line, or an error in full. */
  host: z.string(),
  /** What the host runs; null: not known, or no system of a store. */
  current: storePathSchema.nullable(),
  /** What shall run. */
  toplevel: storePathSchema,
  /** `unknown`: nothing is to be deployed by what is known of a host that did not answer. */
  change: z.enum(["none", "update", "unknown"]),
  reasons: z.array(reasonSchema),
  /** null: no other system is deployed. */
  packages: packagesSchema.nullable(),
  copy: copySchema.nullable(),
  reboot: rebootSchema.nullable(),
  /** What others have to say of this deployment, each in one line: `{ kind: "secrets", text: "2 secrets change" }`. */
  notes: z.array(z.strictObject({ kind: z.string(), text: z.string() })),
});
export type MachinePlan = z.output<typeof machinePlanSchema>;

/** What the next deployment of a stack does, machine by machine. */
export const planSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  stack: z.string(),
  machines: z.record(machineNameSchema, machinePlanSchema),
});
export type Plan = z.output<typeof planSchema>;
