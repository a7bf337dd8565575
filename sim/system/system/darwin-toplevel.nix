# The toplevel of a darwin machine: `activate`, the markers of nix-darwin, and nothing of NixOS.
{ config, lib, pkgs, ... }:
let
  inherit (config.system) build;
  system = pkgs.stdenv.hostPlatform.system;
  label = "26.05";
  version = {
    darwinRevision = null;
    nixpkgsRevision = null;
    configurationRevision = config.system.configurationRevision;
    darwinLabel = label;
  };
  activation = ''
    ${builtins.readFile ../scripts/activate-darwin.sh}
    ${builtins.readFile ../scripts/log-activation.sh}
    log_activation activate "$systemConfig"
    ${config.system.activationLibrary}
    check_etc
    ${lib.concatMapStrings (script: ''
      ${script.text}
    '') config.system.orderedActivationScripts}
    ${builtins.readFile ../scripts/launchd.sh}
    setup_launchd "$systemConfig"
    finish_activation
  '';
  toplevel = pkgs.runCommand "darwin-system-${label}" {
    inherit activation label;
    platform = system;
    versionJson = builtins.toJSON version;
    passAsFile = [ "activation" ];
  } ''
    mkdir -p "$out/Library" "$out/Applications" "$out/user/Library"
    { printf '#!/usr/bin/env -S -i /bin/sh\nsystemConfig=%s\n' "$out"; cat "$activationPath"; } > "$out/activate"
    chmod 555 "$out/activate"
    ln -s ${build.etc}/etc "$out/etc"
    ln -s ${config.system.path} "$out/sw"
    ln -s ${build.launchd}/Library/LaunchDaemons "$out/Library/LaunchDaemons"
    ln -s ${build.launchd}/Library/LaunchAgents "$out/Library/LaunchAgents"
    ln -s ${build.launchd}/user/Library/LaunchAgents "$out/user/Library/LaunchAgents"
    printf %s "$out" > "$out/systemConfig"
    printf %s "$label" > "$out/darwin-version"
    printf %s "$versionJson" > "$out/darwin-version.json"
    printf %s "$platform" > "$out/system"
  '';
in
{
  _file = "<system.build.toplevel>";
  options.system.configurationRevision = lib.mkOption {
    type = lib.types.nullOr lib.types.str;
    default = null;
  };
  config.system.build.toplevel = config.system.checked toplevel;
}
