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

/** What of that goes as differences from what the host has already, which an update sends where the way is slow. */
const differencesSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("known"),
    /** Paths that go as differences, and the bytes of their archives. */
    paths: count,
    bytes: count,
    /** Then sent in all, with what goes in full, compressed. */
    sentBytes: count,
  }),
  /** All of it goes in full. */
  z.strictObject({ kind: z.literal("none"), why: z.string() }),
  notKnown,
]);
export type DifferencesPlan = z.output<typeof differencesSchema>;

const copySchema = z.discriminatedUnion("kind", [
  /** What the host lacks of the new closure: archives as they are, before compression. */
  z.strictObject({ kind: z.literal("known"), paths: count, bytes: count, differences: differencesSchema }),
  notKnown,
]);
export type CopyPlan = z.output<typeof copySchema>;

const rebootSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.enum(["needed", "not-needed", "not-applicable"]),
    reasons: z.array(z.string()),
    /** The deployment reboots the host, by its policy; not where its root may ask for a passphrase. */
    made: z.boolean(),
  }),
  notKnown,
]);
export type RebootPlan = z.output<typeof rebootSchema>;

const units = z.array(z.string());

/** What `switch-to-configuration`, or a Mac's activation, will do; a unit, or launchd's job, stands in one list. */
const unitsSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("known"),
    /** Run, and will not. */
    stop: units,
    /** Do not run, and systemd is asked to start them; jobs that are loaded. */
    start: units,
    restart: units,
    reload: units,
    /** Change, and run on as they are. */
    keep: units,
    /** What else is done that is not foretold unit by unit. */
    unsure: z.array(z.string()),
    /** What the new system's own `dry-activate` says, line by line; null: it was not asked, or is not on the host yet. */
    dryActivation: z.array(z.string()).nullable(),
  }),
  /** Nothing before the next boot, at which everything starts anew. */
  z.strictObject({ kind: z.literal("at-boot"), why: z.string() }),
  notKnown,
]);
export type UnitsPlan = z.output<typeof unitsSchema>;

const workSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("known"),
    derivations: count,
    /** What this machine's substituters have of it, and the bytes to download for that. */
    fetched: z.strictObject({ paths: count, bytes: count }),
  }),
  notKnown,
]);
export type BuildWork = z.output<typeof workSchema>;

/** Where the new system is built, and what is left to be done for that. */
const buildSchema = z.strictObject({
  /** `here`: by this machine's Nix and its builders; `target`: by the host's own. */
  where: z.enum(["here", "target"]),
  state: z.enum(["built", "to-build"]),
  /** Where it is another platform than this machine's: then one of its Nix' builders does it, or it is emulated. */
  foreignPlatform: z.string().nullable(),
  /** null: it is built. Two machines of one plan may share derivations, which are built once. */
  work: workSchema.nullable(),
});
export type BuildPlan = z.output<typeof buildSchema>;

/** What of the clan's vars the host gets beside its system. */
const secretsSchema = z.strictObject({
  /** They are others than those that were delivered last. */
  change: z.boolean(),
  /** Where they will lie on the host. */
  files: z.array(z.string()),
});

/** US dollars, by list prices; null: no price is known. */
const dollars = z.number().nonnegative().nullable();
const power = z.enum(["on", "off", "absent"]);

/** What becomes of the cloud node under a machine. A value that is not known is null. */
const nodeSchema = z.strictObject({
  /** `replace`: another VM with another disk takes its place. `unknown`: the state cannot be read. */
  action: z.enum(["none", "create", "update", "replace", "delete", "unknown"]),
  /** What of it changes: `machineType n1-standard-4 → n1-standard-8`. */
  changes: z.array(z.string()),
  power: z.strictObject({ before: power.nullable(), after: power }),
  /** After: null where room is looked for first. */
  zone: z.strictObject({ before: z.string().nullable(), after: z.string().nullable() }),
  /** In which zones room for a VM that is made is looked for, in this order; empty: none is made, or its zone is known. */
  zonesTried: z.array(z.string()),
  costPerMonth: z.strictObject({ before: dollars, after: dollars }),
});
export type NodePlan = z.output<typeof nodeSchema>;

/** What the next deployment does to one machine, as far as it can be known without building, copying or changing anything. */
export const machinePlanSchema = z.strictObject({
  class: machineClassSchema,
  /** null: it was not asked, because its node is off or has no address yet. */
  reachable: z.boolean().nullable(),
  /** What the look at the host gave: one line, or an error in full. */
  host: z.string(),
  /** What the host runs; null: not known, or no system of a store. */
  current: storePathSchema.nullable(),
  /** What it was booted with; null: not known. */
  booted: storePathSchema.nullable(),
  /** What shall run. */
  toplevel: storePathSchema,
  /** `unknown`: nothing is to be deployed by what is known of a host that did not answer. */
  change: z.enum(["none", "update", "unknown"]),
  reasons: z.array(reasonSchema),
  /** null: no other system is deployed. */
  packages: packagesSchema.nullable(),
  copy: copySchema.nullable(),
  reboot: rebootSchema.nullable(),
  units: unitsSchema.nullable(),
  /** null: nothing is built for it. */
  build: buildSchema.nullable(),
  /** null: the clan keeps none for it. */
  secrets: secretsSchema.nullable(),
  /** What must hold before the new system is kept, each in one line. */
  gates: z.array(z.string()),
  /** Its place in the rollout, the first wave is 1; null: there is no order, or it has no place in it. */
  wave: z.strictObject({ number: z.int().positive(), of: z.int().positive(), name: z.string() }).nullable(),
  /** null: there is none under it. */
  node: nodeSchema.nullable(),
  /** What should be looked at before anything is done, each in one line. */
  warnings: z.array(z.string()),
  /** What others have to say of this deployment, each in one line: `{ kind: "secrets", text: "2 secrets change" }`. */
  notes: z.array(z.strictObject({ kind: z.string(), text: z.string() })),
});
export type MachinePlan = z.output<typeof machinePlanSchema>;

/** What becomes of a machine that the stack's state has and that is declared no more. */
const leavingSchema = z.strictObject({
  /** For people, whole by itself. */
  text: z.string(),
  /** Its node is deleted with it; null: it was on none. */
  node: nodeSchema.nullable(),
});
export type LeavingPlan = z.output<typeof leavingSchema>;

/** What the next deployment of a stack does, machine by machine. */
export const planSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  stack: z.string(),
  /** `deep`: what is built here was built for it. */
  depth: z.enum(["fast", "deep"]),
  machines: z.record(machineNameSchema, machinePlanSchema),
  /** Empty also where the state cannot be read, or not all of the stack was asked for. */
  leaving: z.record(z.string(), leavingSchema),
});
export type Plan = z.output<typeof planSchema>;
