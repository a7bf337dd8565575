import { flakeModule } from "../composition/flake-module.ts";
import { flakeLib } from "../composition/lib/flake-lib.ts";
import { inventoryOptions } from "./options/inventory-options.ts";
import { nodeOptions } from "./options/node-options.ts";
import { entryReference } from "./options/option-types.ts";

const { mkOption, types } = flakeLib;

const text = (description: string) => mkOption({ type: types.nullOr(types.str), default: null, description });

const registeredMachine = types.submodule({
  options: {
    nixpkgs: {
      hostPlatform: mkOption({
        type: types.strMatching(/[a-z0-9_]+-(linux|darwin)/),
        description: "What it runs on, e.g. `x86_64-linux`.",
      }),
    },
    imports: mkOption({ type: types.listOf(entryReference), default: [], description: "Entries that build it." }),
  },
});

/**
 * Declares clan's options, and `nodes`, in a fleet that imports it (modules/clan/core.ts).
 * Source: clan-core 26.05, `modules/clan/interface.nix` and `modules/inventoryClass/`.
 */
export const clanFlakeModule = flakeModule({
  options: {
    clan: {
      meta: {
        name: mkOption({ type: types.strMatching(/[a-zA-Z0-9_-]+/), description: "The clan's name." }),
        description: text("For people."),
        domain: text("Under which machines are found. Default: clan's own."),
        icon: text("Picture for front ends."),
      },
      specialArgs: mkOption({
        type: types.lazyAttrsOf(types.raw),
        default: {},
        description: "Arguments of every machine's modules, beside `inputs`.",
      }),
      machines: mkOption({ type: types.attrsOf(registeredMachine), default: {}, description: "The registry." }),
      inventory: inventoryOptions,
    },
    nodes: nodeOptions,
  },
});
