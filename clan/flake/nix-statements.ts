import { z } from "zod";
import { EntryReference } from "../../composition/entry-reference.ts";
import type { NixStatements } from "../../composition/nix-entries.ts";
import { pathInFleet } from "../../composition/source-location.ts";
import { clanFlakeModule } from "../flake-module.ts";
import { type EntryName, entryIn } from "./origin.ts";

const text = z.string().nullish();
const texts = z.array(z.string().nullable()).transform((all) => all.filter((one) => one !== null));
const place = { name: z.string(), file: z.string(), line: z.number().nullable() };

/** Nix gives null for what it cannot tell without the flake's inputs, which here is the same as not stated. */
const membershipSchema = z.union([
  texts,
  z.record(z.string(), z.object({ settings: z.record(z.string(), z.json()).nullish() }).nullable()),
]);
const instanceSchema = z.object({
  module: z.object({ name: text, input: text }).nullish(),
  roles: z
    .record(
      z.string(),
      z
        .object({
          machines: membershipSchema.nullish(),
          tags: membershipSchema.nullish(),
          settings: z.record(z.string(), z.json()).nullish(),
        })
        .nullable(),
    )
    .nullish(),
});
const machineSchema = z.object({
  description: text,
  machineClass: z.enum(["nixos", "darwin"]).nullish(),
  tags: texts.nullish(),
  deploy: z.object({ targetHost: text, buildHost: text }).nullish(),
});

/** One statement about the clan in a `.nix` flake module, as nix-modules.nix gives it. */
export const clanStatementSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("registered"),
    ...place,
    value: z.object({ imports: z.array(z.string().nullable()), hostPlatform: text }),
  }),
  z.object({ kind: z.literal("machine"), ...place, value: machineSchema.nullable() }),
  z.object({ kind: z.literal("tag"), ...place, value: texts.nullable() }),
  z.object({ kind: z.literal("instance"), ...place, value: instanceSchema.nullable() }),
]);
export type ClanStatement = z.output<typeof clanStatementSchema>;

const pathOf: Readonly<Record<ClanStatement["kind"], readonly string[]>> = {
  registered: ["clan", "machines"],
  machine: ["clan", "inventory", "machines"],
  tag: ["clan", "inventory", "tags"],
  instance: ["clan", "inventory", "instances"],
};

/**
 * Statements as flake modules, one for each file, so that they are merged and checked as those of TypeScript are.
 * @param platformOf - of an entry, where its own body states one: Nix lets a machine's module say it for the registry.
 */
export function clanModules(
  root: string,
  statements: readonly ClanStatement[],
  platformOf: (entry: EntryName) => string | undefined,
): NixStatements[] {
  const byFile = Map.groupBy(statements, ({ file }) => pathInFleet(root, file));
  return [...byFile].map(([file, stated]) => {
    const lines = new Map(stated.map((one) => [[...pathOf[one.kind], one.name].join("\0"), one.line ?? undefined]));
    const locate = (path: readonly string[]): number | undefined => {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(path.slice(0, length).join("\0"));
        if (line !== undefined) return line;
      }
      return undefined;
    };
    const inventory = { machines: of(stated, "machine"), tags: of(stated, "tag"), instances: of(stated, "instance") };
    const clan = { machines: registry(file, stated, platformOf), inventory };
    return { module: { imports: [clanFlakeModule], config: { clan } }, source: { file, root, locate } };
  });
}

function registry(
  file: string,
  stated: readonly ClanStatement[],
  platformOf: (entry: EntryName) => string | undefined,
): Readonly<Record<string, object>> {
  const machines = stated.flatMap((one) => {
    if (one.kind !== "registered") return [];
    const entries = one.value.imports.flatMap((origin) => (origin === null ? [] : (entryIn(origin) ?? [])));
    const hostPlatform = one.value.hostPlatform ?? entries.map(platformOf).find((platform) => platform !== undefined);
    const at = one.line === null ? { file } : { file, line: one.line };
    const imports = entries.map((entry) => new EntryReference(entry.class, entry.entry, at));
    return [[one.name, { ...(hostPlatform === undefined ? {} : { nixpkgs: { hostPlatform } }), imports }] as const];
  });
  return Object.fromEntries(machines);
}

function of(stated: readonly ClanStatement[], kind: "machine" | "tag" | "instance"): Readonly<Record<string, unknown>> {
  const named = stated.flatMap((one) => {
    if (one.kind !== kind) return [];
    // That it is there is known, whatever is not known of it.
    return [[one.name, withoutNulls(one.value) ?? (kind === "tag" ? [] : {})] as const];
  });
  return Object.fromEntries(named);
}

/** A member without settings is an empty set, in Nix as here; settings themselves may hold null. */
function withoutNulls(value: unknown, path: readonly string[] = []): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object" || Array.isArray(value) || path.at(-1) === "settings") return value;
  const kept = Object.entries(value).map(([name, inner]) => {
    const isMember = path.at(-1) === "machines" || path.at(-1) === "tags";
    return [name, withoutNulls(inner, [...path, name]) ?? (isMember ? {} : undefined)] as const;
  });
  return Object.fromEntries(kept.filter(([, inner]) => inner !== undefined));
}
