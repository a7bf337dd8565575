# `environment.systemPackages` and the `sw` tree of their programs.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
in
{
  _file = "<environment.systemPackages>";
  options = {
    environment.systemPackages = mkOption { type = types.listOf types.package; default = [ ]; };
    environment.variables = mkOption { type = types.attrsOf types.anything; default = { }; };
    environment.sessionVariables = mkOption { type = types.attrsOf types.anything; default = { }; };
    environment.shellAliases = mkOption { type = types.attrsOf types.anything; default = { }; };
    environment.defaultPackages = mkOption { type = types.listOf types.package; default = [ ]; };
    system.path = mkOption { type = types.package; };
  };
  config = {
    environment.systemPackages = [ pkgs.bash pkgs.coreutils pkgs.glibc pkgs.nix ];
    environment.etc."set-environment".text = lib.concatLines (
      lib.mapAttrsToList (name: value: "export ${name}=${lib.escapeShellArg value}") (
        config.environment.variables // config.environment.sessionVariables
      )
    );
    system.path = pkgs.runCommand "system-path" { paths = lib.unique config.environment.systemPackages; } ''
      mkdir -p "$out/bin" "$out/share"
      for path in $paths; do
        for program in "$path"/bin/*; do
          [ ! -e "$program" ] || ln -sf "$program" "$out/bin/"
        done
        # Packages without programs belong to the system, too.
        ln -sfn "$path" "$out/share/$(basename "$path" | cut -d - -f 2-)"
      done
    '';
  };
}
