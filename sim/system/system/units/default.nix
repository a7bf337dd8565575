# `systemd.*`: the units of the configuration, in one derivation, each linked below /etc by itself.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  unitTypes = import ./options.nix { inherit lib; };
  render = import ./render.nix { inherit lib pkgs; };
  cfg = config.systemd;
  # { "<unit>" = { text, enable, wantedBy, requiredBy, aliases }; }
  units =
    lib.foldl'
      (
        all: kind:
        all
        // lib.mapAttrs' (
          name: unit: lib.nameValuePair "${name}.${kind}" (render.${kind} name unit)
        ) cfg.${"${kind}s"}
      )
      { }
      [
        "service"
        "timer"
        "socket"
        "target"
        "path"
      ];
  enabled = lib.filterAttrs (_: unit: unit.enable) units;
  built = pkgs.runCommand "system-units" { } ''
    mkdir -p "$out"
    cd "$out"
    ${lib.concatStrings (
      lib.mapAttrsToList (name: unit: ''
        printf %s ${lib.escapeShellArg unit.text} > ${lib.escapeShellArg name}
      '') enabled
    )}
  '';
  source = name: if units.${name}.enable then "${built}/${name}" else "/dev/null";
  entry = path: name: lib.nameValuePair "systemd/system/${path}" { source = source name; };
  entriesOf =
    name: unit:
    [ (entry name name) ]
    ++ lib.optionals unit.enable (
      map (target: entry "${target}.wants/${name}" name) unit.wantedBy
      ++ map (target: entry "${target}.requires/${name}" name) unit.requiredBy
      ++ map (alias: entry alias name) unit.aliases
    );
in
{
  _file = "<systemd>";
  options.systemd = {
    services = mkOption { type = types.attrsOf unitTypes.service; default = { }; };
    timers = mkOption { type = types.attrsOf unitTypes.timer; default = { }; };
    sockets = mkOption { type = types.attrsOf unitTypes.socket; default = { }; };
    targets = mkOption { type = types.attrsOf unitTypes.target; default = { }; };
    paths = mkOption { type = types.attrsOf unitTypes.path; default = { }; };
    package = mkOption { type = types.package; default = pkgs.systemd; };
  };
  config = {
    environment.etc = lib.listToAttrs (lib.concatLists (lib.mapAttrsToList entriesOf units));
    systemd.timers = lib.mapAttrs (_: service: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = service.startAt;
    }) (lib.filterAttrs (_: service: service.startAt != [ ]) cfg.services);
  };
}
