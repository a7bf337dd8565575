import { EntryReference } from "../../composition/entry-reference.ts";
import { type Definition, isAttributeSet } from "../../composition/evaluation/definition.ts";
import { flakeLib } from "../../composition/lib/flake-lib.ts";
import type { OptionType } from "../../composition/lib/option-type.ts";
import { mergeOne } from "../../composition/lib/types/scalars.ts";

const { mkOption, types } = flakeLib;

/** What `config.flake.modules.<class>.<entry>` gives. */
export const entryReference: OptionType = {
  name: "entryReference",
  description: "reference to an entry (config.flake.modules.<class>.<entry>)",
  check: (value) => value instanceof EntryReference,
  merge: mergeOne,
  combine: (other) => (other.name === "entryReference" ? entryReference : undefined),
};

/**
 * Settings of a role: plain JSON, stated in one place.
 * Source: clan-core 26.05, `modules/inventoryClass/role.nix` (uniqueDeferredSerializableModule).
 */
export const settings: OptionType = {
  name: "settings",
  description: "attribute set of JSON values",
  check: (value) => isAttributeSet(value) && isJson(value),
  merge: mergeOne,
  combine: (other) => (other.name === "settings" ? settings : undefined),
};

const withSettings = types.attrsOf(
  types.submodule({ options: { settings: mkOption({ type: settings, default: {} }) } }),
);

/** Members of a role by name, each with settings of its own. */
export const roleMachines: OptionType = withSettings;

/** Members of a role by tag: a list of tags, or an attribute set where a tag has settings. Source: as above. */
export const roleTags: OptionType = {
  ...withSettings,
  name: "roleTags",
  description: "list of tags, or attribute set of tags with settings",
  check: (value) => isAttributeSet(value) || isListOfText(value),
  merge: (context, definitions) => withSettings.merge(context, definitions.map(tagsAsAttributes)),
  combine: (other) => (other.name === "roleTags" ? roleTags : undefined),
};

const serviceModuleOptions = types.submodule({
  options: {
    name: mkOption({
      type: types.nullOr(types.str),
      default: null,
      description: "Name of the service. Default: the instance's.",
    }),
    input: mkOption({
      type: types.nullOr(types.str),
      default: null,
      description: "Flake input that has it. Default: clan-core.",
    }),
    imports: mkOption({
      type: types.listOf(entryReference),
      default: [],
      description: "Entries that the roles of an inline service take.",
    }),
    description: mkOption({
      type: types.nullOr(types.str),
      default: null,
      description: "What an inline service is for.",
    }),
  },
});

/** A service by name, or inline as the document's pattern 3 has it: a module, or a function to one, that imports shared entries. */
export const serviceModule: OptionType = {
  ...serviceModuleOptions,
  name: "serviceModule",
  description: "service ({ name, input }), or inline module ({ imports })",
  check: (value) => isAttributeSet(value) || typeof value === "function",
  merge: (context, definitions) => serviceModuleOptions.merge(context, definitions.map(calledModule)),
  combine: (other) => (other.name === "serviceModule" ? serviceModule : undefined),
};

function tagsAsAttributes(definition: Definition): Definition {
  const { value } = definition;
  return isListOfText(value) ? definition.with(Object.fromEntries(value.map((tag) => [tag, {}]))) : definition;
}

function calledModule(definition: Definition): Definition {
  const { value } = definition;
  return typeof value === "function" ? definition.with(value({})) : definition;
}

function isListOfText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return isAttributeSet(value) && Object.values(value).every(isJson);
}
