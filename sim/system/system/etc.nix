# `environment.etc`: one tree of links; what has a mode of its own is copied by the activation.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types escapeShellArg;
  file = types.submodule (
    { name, config, ... }:
    {
      options = {
        enable = mkOption { type = types.bool; default = true; };
        target = mkOption { type = types.str; default = name; };
        text = mkOption { type = types.nullOr types.lines; default = null; };
        source = mkOption { type = types.path; };
        mode = mkOption { type = types.str; default = "symlink"; };
        uid = mkOption { type = types.int; default = 0; };
        gid = mkOption { type = types.int; default = 0; };
        user = mkOption { type = types.str; default = "+${toString config.uid}"; };
        group = mkOption { type = types.str; default = "+${toString config.gid}"; };
      };
      config.source = lib.mkIf (config.text != null) (
        lib.mkOptionDefault (pkgs.writeText (fileName name) config.text)
      );
    }
  );
  # Store names allow fewer characters than file names.
  fileName =
    path:
    "etc-${
      lib.concatStringsSep "-" (builtins.filter builtins.isString (builtins.split "[^a-zA-Z0-9._+-]+" path))
    }";

  files = builtins.filter (entry: entry.enable) (builtins.attrValues config.environment.etc);
  place = entry: ''
    mkdir -p ${escapeShellArg (dirOf "etc/${entry.target}")}
    ln -s ${escapeShellArg "${entry.source}"} ${escapeShellArg "etc/${entry.target}"}
    ${lib.optionalString (entry.mode != "symlink") ''
      echo ${escapeShellArg "${entry.mode} ${entry.user} ${entry.group}"} > ${escapeShellArg "etc/${entry.target}.mode"}
    ''}
  '';
in
{
  _file = "<environment.etc>";
  options.environment.etc = mkOption { type = types.attrsOf file; default = { }; };
  config.system.build.etc = pkgs.runCommand "etc" { } ''
    mkdir -p "$out/etc"
    cd "$out"
    ${lib.concatMapStrings place files}
  '';
}
