import { z } from "zod";

/** One file of a generator as the machine's configuration declares it. Source: clan-core 26.05, `clan.core.vars.generators`. */
export const declaredFileSchema = z.object({
  secret: z.boolean(),
  deploy: z.boolean(),
  owner: z.string().nullable().exactOptional(),
  group: z.string().nullable().exactOptional(),
  mode: z.string().nullable().exactOptional(),
  /** `services`, `users`, `activation` or `partitioning`. */
  neededFor: z.string().nullable().exactOptional(),
  /** Where it lies on the host. Its form changed between releases of clan: never put together here. */
  path: z.string().nullable().exactOptional(),
});

export const declaredGeneratorSchema = z.object({
  share: z.boolean(),
  /** Of what the generator's vars depend on; a file beside the vars holds that of their generation. */
  validationHash: z.string().nullable().exactOptional(),
  dependencies: z.array(z.string()).exactOptional(),
  files: z.record(z.string(), declaredFileSchema),
});
export type DeclaredGenerators = Readonly<Record<string, z.output<typeof declaredGeneratorSchema>>>;

/** How a machine finds its key, and what it opens beside clan's vars. Sources: clan-core 26.05; sops-nix, `sops.*`. */
export const secretSettingsSchema = z.object({
  /** `clan.core.vars.settings.secretStore`; null: clan's default, sops. */
  secretStore: z.string().nullable(),
  /** Folder of the key file of the sops back end. */
  uploadDirectory: z.string().nullable(),
  /** The same of the age back end. */
  ageLocation: z.string().nullable(),
  /** Groups that every secret is encrypted to. */
  defaultGroups: z.array(z.string()),
  /** `sops.age.keyFile`. */
  keyFile: z.string().nullable(),
  /** `sops.age.sshKeyPaths`. */
  sshKeyPaths: z.array(z.string()),
  /** Names of `sops.secrets`. */
  sopsSecrets: z.array(z.string()),
  /** User → home's `sops.age.keyFile` and the names of its `sops.secrets`. */
  homes: z.record(z.string(), z.object({ keyFile: z.string().nullable(), secrets: z.array(z.string()) })),
});
export type SecretSettings = z.output<typeof secretSettingsSchema>;
