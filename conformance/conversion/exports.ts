/** Files of a fleet in Nix, by their names below `modules/`: data and code, priorities, several definitions, references. */
export const nixModules: Readonly<Record<string, string>> = {
  "base.nix": `# What every host has.
{ config, ... }:
let
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos.base = {
    imports = [ nixos.shared ]; # first
    text."motd" = ''
      hello

        there ''\${x} '''
    '';
    text.quoted = "\\"q\\" \\\\ \\\${y} é \\t";
    names = [ "b" "a" ];
  };
}
`,
  "shared.nix": `{
  flake.modules = {
    nixos.shared = { config, lib, ... }: {
      # code, and priorities
      on = lib.mkDefault (config.names != [ ]);
      text.motd = lib.mkAfter "shared by \${config.host}";
      names = lib.mkOrder 400 [ "first" ];
    };
    nixos.forced = { lib, ... }: { on = lib.mkForce false; };
    nixos.plain = { on = true; sizes = { a = 1; b = -2; }; };
  };
}
`,
  "aggregate-1.nix": `{ flake.modules.nixos.aggregate = { names = [ "one" ]; sizes.one = 1; }; }
`,
  "aggregate-2.nix": `{ config, ... }: {
  flake.modules.nixos.aggregate = { lib, ... }: { names = lib.optionals true [ "two" ]; sizes.two = 2; };
  flake.modules.nixos.whole.imports = [ config.flake.modules.nixos.base config.flake.modules.nixos.aggregate ];
}
`,
};

/** What is moved, one after the other. */
export const moves: readonly { readonly file: string; readonly export: string }[] = [
  { file: "modules/base.nix", export: "nixos/base" },
  { file: "modules/shared.nix", export: "nixos/forced" },
  { file: "modules/shared.nix", export: "nixos/shared" },
  { file: "modules/shared.nix", export: "nixos/plain" },
  { file: "modules/aggregate-1.nix", export: "nixos/aggregate" },
  { file: "modules/aggregate-2.nix", export: "nixos/whole" },
  { file: "modules/aggregate-2.nix", export: "nixos/aggregate" },
];

/** An entry of class nixos that they define. */
export interface Entry {
  readonly name: string;
  /** Several files fill its lists: their order follows that of the modules, which conversion may change. */
  readonly isAggregate: boolean;
}

export const entries: readonly Entry[] = [
  { name: "aggregate", isAggregate: true },
  { name: "base", isAggregate: false },
  { name: "forced", isAggregate: false },
  { name: "plain", isAggregate: false },
  { name: "shared", isAggregate: false },
  { name: "whole", isAggregate: true },
];
