import { flakeLib } from "../../composition/lib/flake-lib.ts";
import type { Option } from "../../composition/lib/option.ts";

const { mkOption, types } = flakeLib;

/** Documented by `node scripts/docs/node-options.ts`. */
export const acceleratorOptions = {
  type: mkOption({ type: types.str, description: "As Google names it, e.g. `nvidia-tesla-t4`." }),
  count: mkOption({ type: types.int, default: 1, description: "How many of it." }),
} satisfies Record<string, Option>;

/** Documented likewise. */
export const serviceAccountOptions = {
  email: mkOption({
    type: types.nullOr(types.str),
    default: null,
    description: "Of an account that is there. null: one is made for this VM alone, and goes with it.",
  }),
  scopes: mkOption({
    type: types.listOf(types.str),
    default: ["cloud-platform"],
    description:
      "OAuth scopes, by Google's short names or as URLs. The account's roles decide what it may do within them. A change restarts the VM.",
  }),
} satisfies Record<string, Option>;

/** Documented likewise. */
export const imageOptions = {
  fromClosure: mkOption({
    type: types.enum([true]),
    description:
      "The machine's own system: its `system.build.googleComputeImage` is built, sent to a bucket, and made an image. Nothing is installed.",
  }),
} satisfies Record<string, Option>;

/** Documented likewise: each says its unit, and what a change of it costs. */
export const gcpNodeOptions = {
  kind: mkOption({ type: types.enum(["gcp"]), description: "Which cloud." }),
  project: mkOption({
    type: types.str,
    description: "Google's id of the project. A change makes a new VM, and its disk is lost.",
  }),
  machineType: mkOption({
    type: types.str,
    description: "vCPUs and memory, e.g. `e2-standard-8`. A change restarts the VM.",
  }),
  zones: mkOption({
    type: types.listOf(types.str),
    description:
      "Candidates, the preferred one first. A VM stays where it is while that is one of them; when it no longer is, its disk is lost.",
  }),
  accelerators: mkOption({
    type: types.listOf(types.submodule({ options: acceleratorOptions })),
    default: [],
    description: "GPUs. A change makes a new VM, and its disk is lost.",
  }),
  onHostMaintenance: mkOption({
    type: types.enum(["MIGRATE", "TERMINATE"]),
    default: "MIGRATE",
    description: "What Google does with the VM when its hardware is serviced. With GPUs `TERMINATE`.",
  }),
  diskSizeGb: mkOption({
    type: types.int,
    default: 100,
    description: "Boot disk in GB (2^30 bytes). A change makes a new VM, and its disk is lost.",
  }),
  image: mkOption({
    type: types.either(types.str, types.submodule({ options: imageOptions })),
    default: "debian-cloud/debian-12",
    description:
      "What a new VM boots first: `project/family` or an image's own name, which is installed over afterwards; or `{ fromClosure: true }`. A change concerns the next new VM.",
  }),
  labels: mkOption({
    type: types.attrsOf(types.str),
    default: {},
    description:
      "For bills and filters: keys and values of at most 63 lower case letters, digits, `-` and `_`; keys begin with a letter. 62 at most.",
  }),
  sshSources: mkOption({
    type: types.listOf(types.str),
    default: [],
    description: "Ranges (CIDR) from which 22/tcp is open. None: it is open to nobody.",
  }),
  serviceAccount: mkOption({
    type: types.nullOr(types.submodule({ options: serviceAccountOptions })),
    default: null,
    description:
      "As whom the VM calls Google's API. null: as nobody, not as the project's default account. A change restarts the VM.",
  }),
  deletionProtection: mkOption({
    type: types.bool,
    default: false,
    description: "Google refuses to delete the VM, also by hand and by `pulumi destroy`, until this is taken back.",
  }),
} satisfies Record<string, Option>;

/** Cloud nodes under machines. They are provisioned by the program and never part of the emitted flake. */
export const nodeOptions = mkOption({
  type: types.attrsOf(types.submodule({ options: gcpNodeOptions })),
  default: {},
  description: "Cloud nodes by machine.",
});
