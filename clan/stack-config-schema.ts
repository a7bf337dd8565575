import { z } from "zod";
import { nixOptionsSchema } from "./nix-options.ts";
import { rolloutSchema } from "./rollout/rollout-schema.ts";
import { userKeyDeliverySchema } from "./vars/machine-secrets.ts";

// What `Pulumi.<stack>.yaml` may say below `pulumi-clan:`. The descriptions are the reference: editors show them, and
// docs/stack-config.md is made of them.

// YAML 1.1 readers turn a bare `on` or `off` into a boolean before it reaches us.
const powerStates = ["on", "off", "absent"] as const;
const power = z
  .preprocess((value) => (value === true ? "on" : value === false ? "off" : value), z.enum(powerStates))
  .meta({ type: ["string", "boolean"], enum: [...powerStates, true, false] });

const seconds = z.int().positive();
// The bounds are those that the deployer sets: refused here, a value is named by its key in the stack's file.
const phaseSeconds = z.int().min(5).max(86_400);
const connectSeconds = z.int().min(1).max(3_600);

// What deployments on hosts take, by the same names; values are checked where they are used, lists of objects only there.
const policySchema = z.strictObject({
  takeOver: z.boolean().exactOptional().describe("Take a host over that another project or stack owns. Default false."),
  mode: z
    .enum(["switch", "boot", "test", "dry"])
    .exactOptional()
    .describe(
      "`switch`: now and for the next boot; `boot`: only at the next boot; `test`: only until it; `dry`: only look. Default switch.",
    ),
  specialisation: z
    .string()
    .nullable()
    .exactOptional()
    .describe(
      "The specialisation that runs; null: none. Not for the next boot, which is the system's own. Default null.",
    ),
  commitWith: z
    .enum(["boot", "switch"])
    .exactOptional()
    .describe(
      "How a tested system is made the next boot's; `switch` for scripts that look at NIXOS_ACTION. Default boot.",
    ),
  onFailedUnits: z
    .enum(["rollback", "keep"])
    .exactOptional()
    .describe("Newly failed system units: back to the previous system, or commit with them. Default rollback."),
  onLostContact: z
    .enum(["rollback", "keep"])
    .exactOptional()
    .describe(
      "No new connection reached the host after `test`: back, or keep the new system until the next boot. Default rollback.",
    ),
  ackDeadlineSeconds: seconds
    .exactOptional()
    .describe("For health gates and the acknowledgement over a new connection, from the end of `test`. Default 180."),
  rollbackDeadlineSeconds: seconds.exactOptional().describe("For the way back. Default 900."),
  rebootPolicy: z
    .enum(["never", "if-needed", "always"])
    .exactOptional()
    .describe(
      "`never`: what needs a reboot is staged for the next one; `if-needed`: it is made; `always`: after every commit. Default never.",
    ),
  rebootDeadlineSeconds: seconds.exactOptional().describe("From the reboot until the host answers again. Default 600."),
  installBootloader: z
    .boolean()
    .exactOptional()
    .describe("Install the boot loader as well; needed when its kind changes. Default false."),
  trialBoot: z
    .boolean()
    .exactOptional()
    .describe("Boot what only a reboot leads to once, before it becomes the default. Default false."),
  healthGates: z
    .array(z.record(z.string(), z.unknown()))
    .exactOptional()
    .describe("What must hold after `test`, before the commit: `{ kind: units|command|tcp|http, … }`."),
  hooks: z
    .strictObject({
      beforeTest: z
        .array(z.record(z.string(), z.unknown()))
        .exactOptional()
        .describe("One that fails stops the deployment before anything is changed: a snapshot of data, for instance."),
      afterRollback: z
        .array(z.record(z.string(), z.unknown()))
        .exactOptional()
        .describe("A rollback returns the system, not the data of its services."),
    })
    .exactOptional()
    .describe("Commands on the host, `{ argv, deadlineSeconds }`."),
  testDeadlineSeconds: phaseSeconds.exactOptional().describe("For switch-to-configuration or activate. Default 900."),
  commitDeadlineSeconds: phaseSeconds
    .exactOptional()
    .describe("For profile, boot entry and their verification. Default 300."),
  pushDeadlineSeconds: phaseSeconds.exactOptional().describe("For copying the closure. Default 7200."),
  cache: z
    .strictObject({
      to: z
        .string()
        .min(1)
        .describe(
          "Where systems are put: any store that `nix copy --to` takes. `?secret-key=FILE` signs them on the way.",
        ),
      from: z
        .string()
        .min(1)
        .exactOptional()
        .describe("Where hosts get them. Default: `to`, without what is for writing."),
      publicKey: z
        .string()
        .min(1)
        .describe("`<name>:<base64>`, which every host must have among its `trusted-public-keys`."),
    })
    .nullable()
    .exactOptional()
    .describe(
      "A binary cache that systems are put into once and that hosts fetch them from; over SSH they are only activated. null: everything over SSH. Default null.",
    ),
  reconnectDeadlineSeconds: connectSeconds.exactOptional().describe("For getting a lost connection back. Default 180."),
});

const publicKey = z
  .string()
  .regex(/^(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$/, "expected one line of a public key file");
const backEnd = z.enum(["auto", "ssh2", "openssh"]);
const proxyJump = z
  .string()
  .regex(/^[^\s,]+(, *[^\s,]+)*$/, "expected hosts with commas between them, the nearest first, or none");

const jumpHostSchema = z.strictObject({
  hostKey: publicKey
    .optional()
    .describe("`ssh-ed25519 AAAA…`. Default: the operator's known_hosts. A jump host is never trusted on first use."),
  identityFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Private key file, relative to the project. Default: that of its entry in `~/.ssh/config`, the stack's, the operator's.",
    ),
});

const installDeadlinesSchema = z.strictObject({
  kexecSeconds: phaseSeconds
    .exactOptional()
    .describe("From the foreign system to the answering installer, its download included. Default 900."),
  diskoSeconds: phaseSeconds.exactOptional().describe("For partitions and file systems. Default 900."),
  installSeconds: phaseSeconds.exactOptional().describe("For copying the system, and its boot loader. Default 7200."),
  rebootSeconds: phaseSeconds
    .exactOptional()
    .describe("For going down, and once more until the installed system answers. Default 600."),
  hostKeySeconds: phaseSeconds
    .exactOptional()
    .describe("For a new node's own system to publish its host key as a guest attribute. Default 240."),
});

const installSchema = z.strictObject({
  hostKey: publicKey
    .optional()
    .describe(
      "`ssh-ed25519 AAAA…` of the system that is replaced. Default: what the node's guest attributes say, else the operator's known_hosts.",
    ),
  reinstall: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("machine-id or cloud id of a NixOS that is to be wiped. It serves once. Default: no NixOS is wiped."),
  files: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder, relative to the project, whose files come with the installation, as root's: identities that the clan does not keep.",
    ),
  diskKeys: z
    .record(
      z.string().regex(/^\/[A-Za-z0-9._/-]+$/, "expected an absolute path of letters, digits and . _ -"),
      z.string().min(1),
    )
    .optional()
    .describe("Keys of encrypted disks: path in the installer → file, relative to the project."),
  kexec: z
    .string()
    .min(1)
    .optional()
    .describe("Archive of the installer, a file or URL. Default: the one that nixos-anywhere names."),
  deadlines: installDeadlinesSchema.exactOptional().describe("How long each phase may take, in seconds."),
});

const hostSchema = z.strictObject({
  targetHost: z
    .string()
    .min(1)
    .optional()
    .describe("`[user@]host[:port]`; wins over the inventory's `deploy.targetHost`."),
  hostKey: publicKey
    .optional()
    .describe("`ssh-ed25519 AAAA…`; counts where the clan's vars have none for the machine."),
  identityFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Private key file, relative to the project. Default: `identityFile` of the stack, else the agent and `~/.ssh/config`.",
    ),
  proxyJump: proxyJump.optional().describe("Over the stack's `proxyJump`."),
  backEnd: backEnd.optional().describe("Over the stack's `backEnd`."),
  buildOn: z
    .enum(["local", "target"])
    .optional()
    .describe("Where its system is built. Default: here when the platform fits, else on the target itself."),
  policy: policySchema.optional().describe("Over the stack's `policy`, key by key."),
  userKeys: userKeyDeliverySchema.optional().describe("Instead of the stack's `userKeys`."),
  install: installSchema
    .optional()
    .describe("A machine that runs another system is made a NixOS, and its disks are wiped. Default: it is refused."),
});

const nodeSchema = z.strictObject({
  power: power
    .optional()
    .describe("`on`, the default; `off` stops the node and skips its machine; `absent` removes both."),
  confirmDestroy: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The machine's name, once more: its node may go with its disk, because it is `absent`, left the stack or the fleet, or changes in a way that needs a new VM. Default: such an update is refused.",
    ),
  zone: z
    .string()
    .min(1)
    .optional()
    .describe("Taken as it is, without looking for room first. Default: the first of the node's zones that has some."),
  loginKeys: z
    .array(publicKey)
    .min(1)
    .optional()
    .describe(
      "Public keys that may log in to the system of the node's image, until it is a NixOS; then they are taken back. Default: the public half of the machine's `identityFile`.",
    ),
});

export const stackConfigSchema = z.strictObject({
  machines: z
    .array(z.string().min(1))
    .min(1, "one machine at least: an empty list reads as none and as all; without the key the stack owns all")
    .optional()
    .describe("Machines of this stack: a name, `tag:<tag>`, or either with a leading `!` to leave out. Default: all."),
  after: z
    .array(z.string().min(1))
    .optional()
    .describe(
      "Stacks that are deployed before this one, in order: a preview names their machines that share a service with this stack's and do not run yet what the fleet declares. Default: none.",
    ),
  hosts: z.record(z.string(), hostSchema).optional().describe("The way to single machines, by name."),
  nodes: z.record(z.string(), nodeSchema).optional().describe("The cloud nodes under machines, by the machine's name."),
  policy: policySchema.optional().describe("How every host is deployed to."),
  rollout: rolloutSchema
    .optional()
    .describe("In which order the machines are deployed to. Default: all at once, the operator's own machine last."),
  hostKeyPolicy: z
    .enum(["strict", "accept-new"])
    .optional()
    .describe(
      "A host without a pinned key: `strict` refuses it, `accept-new` takes the key that it shows first, says so, and remembers nothing. Default strict.",
    ),
  sudoPassword: z
    .string()
    .min(1)
    .optional()
    .describe(
      "For `sudo` of hosts where the login user is not root and `sudo -n` does not do; over the command's input, never in an argument. Set it with `pulumi config set --secret`.",
    ),
  identityFile: z.string().min(1).optional().describe("Private key file for every host, relative to the project."),
  proxyJump: proxyJump
    .optional()
    .describe(
      "Hosts through which every host is reached, the nearest first: `[user@]host[:port]` or a machine of the fleet, with commas between them; `none`: dialled directly. Default: what `~/.ssh/config` says.",
    ),
  jumpHosts: z
    .record(z.string(), jumpHostSchema)
    .optional()
    .describe("What is known of jump hosts, by the host as `proxyJump` names it, without user and port."),
  backEnd: backEnd
    .optional()
    .describe(
      "Who speaks SSH: the built-in client, or OpenSSH's. Default auto: OpenSSH for what the built-in one cannot do.",
    ),
  vars: z.string().min(1).optional().describe("Folder of the clan's vars, relative to the project. Default `vars`."),
  userKeys: userKeyDeliverySchema
    .optional()
    .describe(
      "Keys of homes' own secrets: `look` tells what is wrong with one, `deliver` brings each home the key of the clan's user of its name, a map brings those that it names, home → user of the clan. Default look.",
    ),
  nixosAnywhere: z
    .string()
    .min(1)
    .optional()
    .describe("Program that installs machines, a name or a path relative to the project. Default `nixos-anywhere`."),
  systemBuilder: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder of a Nix function that builds systems instead of the flake's own `{nixos,darwin}Configurations`.",
    ),
  flake: z
    .string()
    .min(1)
    .optional()
    .describe(
      "An existing flake instead of `fleet.ts`: a folder relative to the project, or any flake reference. It is never written to.",
    ),
  overrideInputs: z
    .record(z.string(), z.string())
    .optional()
    .describe("Overrides of flake inputs, as `nix --override-input` takes them."),
  nixOptions: nixOptionsSchema.optional().describe("With `flake`: settings of Nix, as `nix --option` takes them."),
  impure: z
    .boolean()
    .optional()
    .describe("With `flake`: let it look at its surroundings; nothing of it is cached then. Default false."),
  connectDeadlineSeconds: connectSeconds
    .optional()
    .describe("Seconds for which a host that does not answer is tried again, since it may be booting. Default 60."),
  deadlineSeconds: z
    .int()
    .min(1)
    .max(604_800)
    .optional()
    .describe(
      "Seconds that one machine may take, build included. Default 14400; a week at most, since Node's timers end at 24 days.",
    ),
});

export type StackConfig = z.output<typeof stackConfigSchema>;
export type HostConfig = z.output<typeof hostSchema>;
export type PolicyConfig = z.output<typeof policySchema>;
