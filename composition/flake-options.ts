import { Definition, type DefinitionSource, isAttributeSet } from "./evaluation/definition.ts";
import { FlakeModule } from "./flake-module.ts";
import { mkOption } from "./lib/option.ts";
import type { OptionType } from "./lib/option-type.ts";
import { attrsOf, lazyAttrsOf, listOf } from "./lib/types/containers.ts";
import { deferredModule } from "./lib/types/deferred-module.ts";

const entriesByClass = lazyAttrsOf(attrsOf(deferredModule));

/**
 * Class → entry → deferred module.
 * Source: flake-parts, extras/modules.nix: `lazyAttrsOf (lazyAttrsOf deferredModule)`. Entries are attrsOf here, so that
 * one whose every definition is `mkIf(false, …)` does not exist.
 */
const namespaces: OptionType = {
  ...entriesByClass,
  name: "flake modules",
  description: "modules by class and entry",
  merge: (context, definitions) => entriesByClass.merge(context, definitions.flatMap(normaliseClasses)),
};

/** `common` stands for `generic`; a file that uses both gives two definitions. */
function normaliseClasses(definition: Definition): readonly Definition[] {
  const { value, source, path } = definition;
  if (!isAttributeSet(value)) return [definition];
  const { common, ...others } = Object.getOwnPropertyDescriptors(value);
  if (common === undefined) return [definition];
  const written: DefinitionSource = {
    file: source.file,
    root: source.root,
    // In the file's text the attribute is still called `common`.
    locate: ([...names]) => source.locate(names.map((name, index) => (index === path.length ? "common" : name))),
  };
  return [definition.with(withProperties(others)), new Definition(withProperties({ generic: common }), written, path)];
}

/** Keeps getters uncalled. */
function withProperties(descriptors: PropertyDescriptorMap): object {
  return Object.defineProperties({}, descriptors);
}

/** The options that every fleet has. */
export const flakeOptions = new FlakeModule(
  {
    options: {
      flake: {
        modules: mkOption({ type: namespaces, default: {}, description: "Deferred modules by class and entry." }),
        nixpkgsOverlays: mkOption({
          type: listOf(deferredModule),
          default: [],
          description: "Overlays of the one package set of machines and homes, in the order in which they apply.",
        }),
      },
    },
  },
  undefined,
);
