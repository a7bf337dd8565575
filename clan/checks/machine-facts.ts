import { z } from "zod";
import { declaredGeneratorSchema, secretSettingsSchema } from "../vars/declared-secrets.ts";

const portRange = z.object({ from: z.int(), to: z.int() });
const openPorts = z.object({ ports: z.array(z.int()), ranges: z.array(portRange) });

const sshSchema = z.object({
  enable: z.boolean(),
  ports: z.array(z.int()),
  /** `yes`, `no`, `prohibit-password`, …; null: not stated. */
  permitRootLogin: z.string().nullable(),
  passwords: z.boolean(),
  /** null: everybody may. */
  allowUsers: z.array(z.string()).nullable(),
  allowGroups: z.array(z.string()).nullable(),
  denyUsers: z.array(z.string()),
  /** Keys come from elsewhere as well: a certificate authority, a command. */
  otherKeys: z.boolean(),
  /** The firewall opens sshd's ports by itself. */
  opensFirewall: z.boolean(),
  /** Keys in `~/.ssh/authorized_keys`, put there by hand, count as well. */
  keysInHome: z.boolean(),
});

const firewallSchema = openPorts.extend({
  enable: z.boolean(),
  /** Interfaces without a firewall. */
  trusted: z.array(z.string()),
  interfaces: z.record(z.string(), openPorts),
  /** Rules in the firewall's own language, which nobody reads here. */
  custom: z.boolean(),
});

const userSchema = z.object({
  uid: z.int().nullable(),
  normal: z.boolean(),
  /** Number of declared authorized keys and files of them. */
  keys: z.int(),
  password: z.enum(["none", "hashed", "plain"]),
  groups: z.array(z.string()),
});

const sudoSchema = z.object({
  enable: z.boolean(),
  rules: z.array(z.object({ users: z.array(z.string()), groups: z.array(z.string()) })),
});

const fileSystemSchema = z.object({ device: z.string().nullable(), fsType: z.string().nullable() });

/** What machine-facts.nix gives. Source: nixpkgs 25.05 and nix-darwin 25.05, options of these names. */
export const evaluatedFactsSchema = z.object({
  hostName: z.string().nullable(),
  hostPlatform: z.string().nullable(),
  hostId: z.string().nullable(),
  /** False: the release's default is used. null: the configuration has no such option. */
  stateVersionStated: z.boolean().nullable(),
  /** Of NixOS, e.g. `25.05`; null: of another kind, or none. */
  stateVersion: z.string().nullable(),
  targetHost: z.string().nullable(),
  /** A container has no loader and no disks. */
  container: z.boolean(),
  ssh: sshSchema.nullable(),
  firewall: firewallSchema.nullable(),
  users: z.record(z.string(), userSchema).nullable(),
  mutableUsers: z.boolean(),
  sudo: sudoSchema.nullable(),
  /** Boot loaders that are switched on. */
  loaders: z.array(z.string()).nullable(),
  /** GRUB is installed for EFI; null: there is no GRUB. */
  grubForEfi: z.boolean().nullable(),
  /** By mount point. */
  fileSystems: z.record(z.string(), fileSystemSchema).nullable(),
  /** Kernel modules of the initial ramdisk. */
  initrdModules: z.array(z.string()).nullable(),
  /** Options of other deployers that are switched on. */
  deployers: z.array(z.string()),
  /** Options whose value is a secret in plain text; the value stays in Nix. */
  plaintext: z.array(z.string()),
  /** Addresses that are stated, some with `/<prefix>`. */
  addresses: z.array(z.object({ interface: z.string(), address: z.string() })),
  /** Own packages of the fleet that the machine's package set lacks; null: it shows none. */
  missingPackages: z.array(z.string()).nullable(),
  /** Users whose homes have a package set of their own. */
  homesApart: z.array(z.string()),
  generators: z.record(z.string(), declaredGeneratorSchema).nullable(),
  /** How it finds its keys; absent: not looked at. */
  secrets: secretSettingsSchema.exactOptional(),
  /** Option → files that state it, as Nix has them. */
  definedIn: z.record(z.string(), z.array(z.string())),
});

/** What one evaluation of a configuration gives. */
export type EvaluatedFacts = z.output<typeof evaluatedFactsSchema>;

/**
 * What the rules want to know of one machine's evaluated configuration; a part is null where the configuration does not
 * have it or where it does not evaluate. No value of a secret is among it.
 */
export interface MachineFacts extends Omit<EvaluatedFacts, "definedIn"> {
  /** Option → files of the fleet that state it, relative to its folder. An option that only inputs state is missing. */
  readonly definedIn: Readonly<Record<string, readonly string[]>>;
  /** The toplevel's derivation refers to the flake's own source tree; null: not looked at. */
  readonly sourceInClosure: boolean | null;
}
