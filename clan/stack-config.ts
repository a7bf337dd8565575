import { z } from "zod";
import { nearestNames } from "../composition/nearest.ts";
import { FleetError, throwGathered } from "../errors.ts";

/** A key or value of `Pulumi.<stack>.yaml` that cannot be meant. */
export class StackConfigError extends FleetError {
  readonly code = "FLEET_STACK_CONFIG";
}

// YAML 1.1 readers turn a bare `on` or `off` into a boolean before it reaches us.
const power = z.preprocess(
  (value) => (value === true ? "on" : value === false ? "off" : value),
  z.enum(["on", "off", "absent"]),
);

const seconds = z.int().positive();
// The bounds are those that the deployer sets: refused here, a value is named by its key in the stack's file.
const phaseSeconds = z.int().min(5).max(86_400);
const connectSeconds = z.int().min(1).max(3_600);

// What deployments on hosts take, by the same names; values are checked where they are used, lists of objects only there.
const policySchema = z.strictObject({
  /** Take a host over that another project or stack owns. Default false. */
  takeOver: z.boolean().exactOptional(),
  /** `switch`: now and for the next boot; `boot`: only at the next boot; `test`: only until it; `dry`: only look. Default switch. */
  mode: z.enum(["switch", "boot", "test", "dry"]).exactOptional(),
  /** The specialisation that runs; null: none. Not for the next boot, which is the system's own. Default null. */
  specialisation: z.string().nullable().exactOptional(),
  /** How a tested system is made the next boot's; `switch` for scripts that look at NIXOS_ACTION. Default boot. */
  commitWith: z.enum(["boot", "switch"]).exactOptional(),
  /** Newly failed system units: back to the previous system, or commit with them. Default rollback. */
  onFailedUnits: z.enum(["rollback", "keep"]).exactOptional(),
  /** No new connection reached the host after `test`: back, or keep the new system until the next boot. Default rollback. */
  onLostContact: z.enum(["rollback", "keep"]).exactOptional(),
  /** For health gates and the acknowledgement over a new connection, from the end of `test`. Default 180. */
  ackDeadlineSeconds: seconds.exactOptional(),
  /** For the way back. Default 900. */
  rollbackDeadlineSeconds: seconds.exactOptional(),
  /** `never`: what needs a reboot is staged for the next one; `if-needed`: it is made; `always`: after every commit. Default never. */
  rebootPolicy: z.enum(["never", "if-needed", "always"]).exactOptional(),
  /** From the reboot until the host answers again. Default 600. */
  rebootDeadlineSeconds: seconds.exactOptional(),
  /** Install the boot loader as well; needed when its kind changes. Default false. */
  installBootloader: z.boolean().exactOptional(),
  /** Boot what only a reboot leads to once, before it becomes the default. Default false. */
  trialBoot: z.boolean().exactOptional(),
  /** What must hold after `test`, before the commit: `{ kind: units|command|tcp|http, … }`. */
  healthGates: z.array(z.record(z.string(), z.unknown())).exactOptional(),
  /** Commands on the host, `{ argv, deadlineSeconds }`. */
  hooks: z
    .strictObject({
      /** One that fails stops the deployment before anything is changed: a snapshot of data, for instance. */
      beforeTest: z.array(z.record(z.string(), z.unknown())).exactOptional(),
      /** A rollback returns the system, not the data of its services. */
      afterRollback: z.array(z.record(z.string(), z.unknown())).exactOptional(),
    })
    .exactOptional(),
  /** For switch-to-configuration or activate. Default 900. */
  testDeadlineSeconds: phaseSeconds.exactOptional(),
  /** For profile, boot entry and their verification. Default 300. */
  commitDeadlineSeconds: phaseSeconds.exactOptional(),
  /** For copying the closure. Default 7200. */
  pushDeadlineSeconds: phaseSeconds.exactOptional(),
  /** For getting a lost connection back. Default 180. */
  reconnectDeadlineSeconds: connectSeconds.exactOptional(),
});

const publicKey = z
  .string()
  .regex(/^(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$/, "expected one line of a public key file");
const backEnd = z.enum(["auto", "ssh2", "openssh"]);
const proxyJump = z
  .string()
  .regex(/^[^\s,]+(, *[^\s,]+)*$/, "expected hosts with commas between them, the nearest first, or none");

const jumpHostSchema = z.strictObject({
  /** `ssh-ed25519 AAAA…`. Default: the operator's known_hosts. A jump host is never trusted on first use. */
  hostKey: publicKey.optional(),
  /** Private key file, relative to the project. Default: that of its entry in `~/.ssh/config`, the stack's, the operator's. */
  identityFile: z.string().min(1).optional(),
});

const hostSchema = z.strictObject({
  /** `[user@]host[:port]`; wins over the inventory's `deploy.targetHost`. */
  targetHost: z.string().min(1).optional(),
  /** `ssh-ed25519 AAAA…`; counts where the clan's vars have none for the machine. */
  hostKey: publicKey.optional(),
  /** Private key file, relative to the project. Default: `identityFile` of the stack, else the agent and `~/.ssh/config`. */
  identityFile: z.string().min(1).optional(),
  /** Over the stack's `proxyJump`. */
  proxyJump: proxyJump.optional(),
  /** Over the stack's `backEnd`. */
  backEnd: backEnd.optional(),
  /** Where its system is built. Default: here when the platform fits, else on the target itself. */
  buildOn: z.enum(["local", "target"]).optional(),
  /** Over the stack's `policy`, key by key. */
  policy: policySchema.optional(),
});

const nodeSchema = z.strictObject({
  /** `off` stops the node and skips its machine; `absent` removes both. */
  power: power.optional(),
});

const schema = z.strictObject({
  /** Machines of this stack: a name, `tag:<tag>`, or either with a leading `!` to leave out. Default: all. */
  machines: z
    .array(z.string().min(1))
    .min(1, "one machine at least: an empty list reads as none and as all; without the key the stack owns all")
    .optional(),
  hosts: z.record(z.string(), hostSchema).optional(),
  nodes: z.record(z.string(), nodeSchema).optional(),
  /** How every host is deployed to. */
  policy: policySchema.optional(),
  /**
   * A host without a pinned key: `strict` refuses it, `accept-new` takes the key that it shows first, says so, and
   * remembers nothing. Default strict.
   */
  hostKeyPolicy: z.enum(["strict", "accept-new"]).optional(),
  /**
   * For `sudo` of hosts where the login user is not root and `sudo -n` does not do; over the command's input, never in an
   * argument. Set it with `pulumi config set --secret`.
   */
  sudoPassword: z.string().min(1).optional(),
  /** Private key file for every host, relative to the project. */
  identityFile: z.string().min(1).optional(),
  /**
   * Hosts through which every host is reached, the nearest first: `[user@]host[:port]` or a machine of the fleet, with
   * commas between them; `none`: dialled directly. Default: what `~/.ssh/config` says.
   */
  proxyJump: proxyJump.optional(),
  /** What is known of jump hosts, by the host as `proxyJump` names it, without user and port. */
  jumpHosts: z.record(z.string(), jumpHostSchema).optional(),
  /** Who speaks SSH: the built-in client, or OpenSSH's. Default auto: OpenSSH for what the built-in one cannot do. */
  backEnd: backEnd.optional(),
  /** Folder of the clan's vars, relative to the project. Default `vars`. */
  vars: z.string().min(1).optional(),
  /** Folder of a Nix function that builds systems instead of the flake's own `{nixos,darwin}Configurations`. */
  systemBuilder: z.string().min(1).optional(),
  /** An existing flake instead of `fleet.ts`: a folder relative to the project, or any flake reference. It is never written to. */
  flake: z.string().min(1).optional(),
  /** Overrides of flake inputs, as `nix --override-input` takes them. */
  overrideInputs: z.record(z.string(), z.string()).optional(),
  /** With `flake`: settings of Nix, as `nix --option` takes them. */
  nixOptions: z.record(z.string(), z.string()).optional(),
  /** With `flake`: let it look at its surroundings; nothing of it is cached then. Default false. */
  impure: z.boolean().optional(),
  /** Seconds for which a host that does not answer is tried again, since it may be booting. Default 60. */
  connectDeadlineSeconds: connectSeconds.optional(),
  /** Seconds that one machine may take, build included. Default 14400; a week at most, since Node's timers end at 24 days. */
  deadlineSeconds: z.int().min(1).max(604_800).optional(),
});

export type StackConfig = z.output<typeof schema>;
export type HostConfig = z.output<typeof hostSchema>;
export type PolicyConfig = z.output<typeof policySchema>;

/**
 * Parses the `pulumi-clan:` part of a stack's configuration.
 * @param raw - every key of the stack as Pulumi hands it over: structured values are JSON text.
 * @param file - the stack file's name, for messages.
 * @throws {StackConfigError} gathered, one per key.
 */
export function parseStackConfig(raw: Readonly<Record<string, string>>, file: string): StackConfig {
  const own = new Map(
    Object.entries(raw)
      .filter(([key]) => key.startsWith("pulumi-clan:"))
      .map(([key, text]) => [key.slice("pulumi-clan:".length), text] as const),
  );
  const values = Object.fromEntries([...own].map(([key, text]) => [key, readValue(key, text)]));
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => configErrors(issue, values, file));
  throwGathered(errors);
  throw new Error("unreachable: a failed parse has issues");
}

// Pulumi hands scalars over as bare text and structured values as JSON; a text key stays text even if it reads "true".
const textKeys = new Set(["identityFile", "vars", "systemBuilder", "sudoPassword", "proxyJump", "flake"]);

function readValue(key: string, text: string): unknown {
  if (textKeys.has(key)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text; // the schema says what was expected instead
    throw error;
  }
}

function configErrors(issue: z.core.$ZodIssue, values: unknown, file: string): StackConfigError[] {
  const at = (path: readonly PropertyKey[]): string => `${file}: pulumi-clan:${path.map(String).join(".")}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = knownKeys(issue.path);
      const near = nearestNames(key, known)[0];
      return new StackConfigError({
        summary: `${at([...issue.path, key])} is not a key of the stack's configuration`,
        expected: `one of ${known.join(", ")}`,
        found: key,
        at: at([...issue.path, key]),
        fix: near === undefined ? "remove the key" : `write "${near}"`,
      });
    });
  }
  return [
    new StackConfigError({
      summary: `${at(issue.path)} has a value that cannot be used`,
      expected: issue.message.replace(/^Invalid (input|option): expected /, "").replace(/, received .*$/, ""),
      found: JSON.stringify(valueAt(values, issue.path)) ?? "nothing",
      at: at(issue.path),
      fix: `correct it in ${file}, or: pulumi config set --path '${["pulumi-clan:", issue.path.map(String).join(".")].join("")}' …`,
    }),
  ];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined || typeof value !== "object" || value === null) return value;
  return valueAt(Object.entries(value).find(([key]) => key === String(head))?.[1], rest);
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  const [head] = path;
  const shapes: Record<string, { shape: Record<string, unknown> }> = {
    hosts: path.length > 2 ? policySchema : hostSchema,
    nodes: nodeSchema,
    jumpHosts: jumpHostSchema,
    policy: policySchema,
  };
  return Object.keys((head === undefined ? schema : (shapes[String(head)] ?? schema)).shape);
}
