import { flakeModule } from "pulumi-clan/author";

interface Person {
  readonly fullName: string;
  readonly email: string;
  readonly sshKeys: readonly string[];
}

interface People {
  readonly [user: string]: Person;
  /** nixos.base knows this one by name. */
  readonly crs58: Person;
}

declare module "pulumi-clan/author" {
  interface FlakeOutputsConfig {
    readonly users: People;
  }
}

/** `flake.users.<user>`: who is who, stated once for homes and hosts. A typo in a key is an error, not a silence. */
export default flakeModule(({ lib: { mkOption, types } }) => ({
  options: {
    flake: {
      users: mkOption({
        description: "People of the fleet.",
        default: {},
        type: types.attrsOf(
          types.submodule({
            options: {
              fullName: mkOption({ type: types.str, description: "As it is written in a commit." }),
              email: mkOption({ type: types.str }),
              sshKeys: mkOption({ type: types.listOf(types.str), default: [], description: "Public keys." }),
            },
          }),
        ),
      }),
    },
  },
}));
