# `system.activationScripts`: named pieces of shell, in the order of their dependencies.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  script = types.submodule {
    options = {
      text = mkOption { type = types.lines; default = ""; };
      deps = mkOption { type = types.listOf types.str; default = [ ]; };
      enable = mkOption { type = types.bool; default = true; };
      supportsDryActivation = mkOption { type = types.bool; default = false; };
    };
  };
  scripts = config.system.activationScripts;
  inOrder =
    let
      visit =
        ordered: name:
        if builtins.elem name ordered then
          ordered
        else if !(scripts ? ${name}) then
          throw "an activation script depends on `${name}', which does not exist"
        else
          builtins.foldl' visit ordered scripts.${name}.deps ++ [ name ];
    in
    lib.unique (builtins.foldl' visit [ ] ([ "users" "etc" ] ++ builtins.attrNames scripts));
in
{
  _file = "<activation>";
  options.system = {
    activationScripts = mkOption {
      type = types.attrsOf (types.coercedTo types.str (text: { inherit text; }) script);
      default = { };
    };
    # Shell functions that the scripts call.
    activationLibrary = mkOption { type = types.str; internal = true; };
    # [ { name, text } ]
    orderedActivationScripts = mkOption { type = types.raw; internal = true; };
  };
  config.system = {
    activationLibrary = builtins.readFile ../scripts/users.sh + builtins.readFile ../scripts/etc.sh;
    activationScripts.etc = {
      deps = [ "users" ];
      text = ''setup_etc "$systemConfig"'';
    };
    activationScripts.hostname = lib.mkIf (config.networking.hostName != "") ''
      # The kernel's name only: /etc/hostname is the host's own.
      hostname ${lib.escapeShellArg config.networking.hostName}
    '';
    orderedActivationScripts = map (name: { inherit name; inherit (scripts.${name}) text; }) (
      builtins.filter (name: scripts.${name}.enable) inOrder
    );
  };
  options.networking.hostName = mkOption { type = types.str; default = ""; };
}
