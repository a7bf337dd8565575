import { z } from "zod";
import { mostCharactersAtAll } from "../clan/plan/provenance.ts";
import { machineSecretsSchema } from "../clan/vars/machine-secrets.ts";
import { activationPolicySchema } from "../deploy/activation/policy.ts";
import { pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";
import { isStorePath } from "../local-nix/store-path.ts";
import { timesSchema } from "../stack/times.ts";

const storePath = z.string().refine(isStorePath, "expected /nix/store/<hash>-<name>");

const jumpHostSchema = z.object({
  target: z.string().min(1),
  address: z.string().min(1).optional(),
  definedAt: z.string().min(1),
  identityFiles: z.array(z.string()),
  hostKeys: z.array(pinnedHostKeySchema),
});

/** What a state keeps that decides whether a machine differs; nothing else of an old state is looked at for that. */
export const comparedKeys = {
  running: true,
  specialisations: true,
  profile: true,
  nextBoot: true,
  marker: true,
  openTransaction: true,
  leftovers: true,
  power: true,
  owner: true,
  drift: true,
  secretsDelivered: true,
} as const;

/** Stands for the target host of a machine whose node failed; no host can be called so. */
export const noAddress = "?";

/** Systems of which what runs is a specialisation, and by what name. */
const specialisationsSchema = z.array(z.object({ of: storePath, name: z.string() }));

const ownerSchema = z.object({ project: z.string().min(1), stack: z.string().min(1) });

/**
 * A machine that has its turn in another run. `held`: its rollout stopped before it; `queued` and `skipped`: its host does
 * not answer, as the rollout's `unreachable` has it; `refused`: the update runs on this very machine.
 */
export const heldSchema = z.object({ kind: z.enum(["held", "queued", "skipped", "refused"]), reason: z.string() });
export type Held = z.output<typeof heldSchema>;

/** What a program declares for one machine. Plain JSON: it is stored in the state and crosses gRPC. */
export const closureInputsSchema = z.object({
  /** Its name in the fleet: the identity of the resource. */
  machine: z.string().min(1),
  /** `nixos` or `darwin`. */
  class: z.enum(["nixos", "darwin"]),
  /** The machine's declared platform, e.g. `x86_64-linux`. */
  system: z.string().min(1),
  /** Store path of the system that is declared. */
  toplevel: storePath,
  /** `/nix/store/<hash>-<name>.drv` on the operator's machine. */
  drvPath: z.string().min(1),
  /** `local`: on the operator's machine or its builders; `target`: on the host itself. */
  buildOn: z.enum(["local", "target"]),
  /** `[user@]host[:port]`; the way to the machine, not its identity: never compared. */
  targetHost: z
    .string()
    .min(1)
    .refine((host) => host !== noAddress, "the node under the machine is not there: see its error"),
  /** IP address that is dialled in the place of the target's name; absent: the name. */
  address: z.string().min(1).optional(),
  /** Google's number of the VM below it; another one is another host with an empty disk. Absent: no node, or not known. */
  instanceId: z.string().min(1).optional(),
  /** Private key files in the order they are tried; empty: agent and `~/.ssh/config`. */
  identityFiles: z.array(z.string()),
  /** Pinned public keys and where each comes from; empty: the deployment is refused. */
  hostKeys: z.array(pinnedHostKeySchema),
  /** How it is deployed to, as `policy` of a stack. */
  policy: activationPolicySchema,
  /** For a host without a pinned key; absent: strict. */
  hostKeyPolicy: z.enum(["strict", "accept-new"]).optional(),
  /** Hosts to go through, the nearest first, each with its own pins; absent: what `~/.ssh/config` says. */
  jumpHosts: z.array(jumpHostSchema).optional(),
  /** Who speaks SSH; absent: whichever can. */
  backEnd: z.enum(["auto", "ssh2", "openssh"]).optional(),
  /** Seconds for which a host that does not answer is tried again. */
  connectDeadlineSeconds: z.number().positive(),
  /** Seconds for the whole: build, push, activation. */
  deadlineSeconds: z.number().positive(),
  /** Written on the host; another project or stack is refused unless the policy says `takeOver`. */
  owner: ownerSchema,
  /**
   * What the probe of this run saw on the host; null: it was not asked, or did not answer. A host that was switched or
   * reinstalled behind Pulumi's back thus differs in the very preview that shows it, without a refresh.
   */
  observed: z
    .object({
      running: storePath.nullable(),
      specialisations: specialisationsSchema.default([]),
      profile: storePath.nullable(),
      settled: z.boolean(),
    })
    .nullable()
    .default(null),
  /** What the clan's vars bring to the host, by digests of what is encrypted; null: nothing on it is touched. */
  secrets: machineSecretsSchema.nullable().default(null),
  /** `off`: the node under the machine is stopped on purpose, nothing is contacted. */
  power: z.enum(["on", "off"]),
  /** Why this run does not deploy to the machine: then nobody is contacted, and what is known of the host stays. Null: it does. */
  held: heldSchema.nullable().default(null),
  /** Pulumi resource whose line shows the progress. */
  reportTo: z.string(),
  /**
   * Provenance of the toplevel (clan/plan/provenance.ts), with which a later plan says why it changes; never compared.
   * Pulumi shows no changes of names that begin so. Absent: the program is older than reasons, or could not tell.
   */
  __madeFrom: z.string().max(mostCharactersAtAll).exactOptional(),
});

export type ClosureInputs = z.output<typeof closureInputsSchema>;
export type Observed = NonNullable<ClosureInputs["observed"]>;

/** Absent from states of 0.1: then null, not known. Each key that is added here is one that an old state lacks. */
const sinceSchema = z.object({
  specialisations: specialisationsSchema.default([]),
  /** What the host showed last and is declared no more. */
  formerHostKeys: z.array(pinnedHostKeySchema).default([]),
  /** Stacks that the machine was moved from, until its host carries the mark of its own. */
  formerOwners: z.array(ownerSchema).default([]),
  /** Target of `/run/booted-system`. */
  booted: storePath.nullable().default(null),
  /** Name of the boot entry that the next boot takes. */
  defaultEntry: z.string().nullable().default(null),
  /** Null also where there is no loader: containers, Macs. */
  nextBoot: storePath.nullable().default(null),
  bootId: z.string().nullable().default(null),
  /** `SHA256:…` of the key that the host showed. */
  hostKey: z.string().nullable().default(null),
  /** The owner's mark on the host. */
  marker: z.object({ project: z.string(), stack: z.string(), machine: z.string() }).nullable().default(null),
  /** A deployment that was begun on the host and not ended. */
  openTransaction: z
    .object({ id: z.string(), phase: z.string(), toplevel: z.string(), startedAt: z.number() })
    .nullable()
    .default(null),
  /** Units that a switch which was cut off did not start, restart or reload. */
  leftovers: z.array(z.string()).default([]),
  /** Parts of the running system that only a boot brings. */
  rebootFor: z.array(z.string()).default([]),
  /** Digest of the secrets that the last deployment left on the host; null: none, or not known. */
  secretsDelivered: z.string().nullable().default(null),
  /** Unix seconds, by the operator's clock, of the end of the last deployment that reached the host. */
  deployedAt: z.number().nullable().default(null),
  /** What ran before the last deployment. */
  previous: storePath.nullable().default(null),
  /** Where the time of the last deployment went; it is only shown, so that what another release wrote is none. */
  took: timesSchema.nullable().catch(null),
  /** Why the host was not as deployed when it was last asked, and who did it where that is known. */
  drift: z.string().nullable().default(null),
});

/** What the host said after the last deployment or refresh. */
export const closureFactsSchema = z.object({
  ...sinceSchema.shape,
  /** Target of `/run/current-system`; null: never deployed, or skipped. */
  running: storePath.nullable(),
  /** Target of the system profile. */
  profile: storePath.nullable(),
  generation: z.number().nullable(),
  /** Kind of the last deployment's outcome. */
  outcome: z.string(),
  /** System units that failed after the deployment, or at the last refresh. */
  failedUnits: z.array(z.string()),
  /** Seconds that the last deployment took. */
  seconds: z.number(),
});
export type ClosureFacts = z.output<typeof closureFactsSchema>;

/** Loose: Pulumi's own keys such as `__provider` pass through. */
export const closureOutputsSchema = z.looseObject({ ...closureInputsSchema.shape, ...closureFactsSchema.shape });
export type ClosureOutputs = ClosureInputs & ClosureFacts;
