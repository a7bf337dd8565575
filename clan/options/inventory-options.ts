import { flakeLib } from "../../composition/lib/flake-lib.ts";
import { roleMachines, roleTags, serviceModule, settings } from "./option-types.ts";

const { mkOption, types } = flakeLib;

const text = (description: string) => mkOption({ type: types.nullOr(types.str), default: null, description });

const machine = types.submodule({
  options: {
    description: text("For people."),
    machineClass: mkOption({ type: types.enum(["nixos", "darwin"]), default: "nixos" }),
    tags: mkOption({ type: types.listOf(types.str), default: [], description: "Labels by which it gets roles." }),
    deploy: {
      targetHost: text("`[user@]host[:port]` of its SSH server."),
      buildHost: text("Where clan builds it. Default: on itself."),
    },
  },
});

const role = types.submodule({
  options: {
    machines: mkOption({ type: roleMachines, default: {}, description: "Members by name." }),
    tags: mkOption({ type: roleTags, default: {}, description: "Members by tag." }),
    settings: mkOption({ type: settings, default: {}, description: "For every member." }),
  },
});

const instance = types.submodule({
  options: {
    module: mkOption({
      type: serviceModule,
      default: {},
      description: "The service. Default: clan-core's of the same name.",
    }),
    roles: mkOption({ type: types.attrsOf(role), default: {} }),
  },
});

/** Source: clan-core 26.05, `modules/inventoryClass/{inventory,role}.nix`. */
export const inventoryOptions = {
  machines: mkOption({ type: types.attrsOf(machine), default: {}, description: "Who takes part." }),
  tags: mkOption({
    type: types.lazyAttrsOf(types.listOf(types.str)),
    default: {},
    description: "Machines by tag, beside the tags that machines state.",
  }),
  instances: mkOption({ type: types.attrsOf(instance), default: {}, description: "Services and who has which role." }),
};
