# `launchd.daemons` and `launchd.user.agents`: property lists, and a plain list of the words to run beside each.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  job = types.submodule (
    { name, config, ... }:
    {
      options = {
        command = mkOption { type = types.str; default = ""; };
        script = mkOption { type = types.lines; default = ""; };
        path = mkOption { type = types.listOf types.anything; default = [ ]; };
        environment = mkOption { type = types.attrsOf types.str; default = { }; };
        serviceConfig = mkOption { type = types.attrsOf types.anything; default = { }; };
      };
      config.command = lib.mkIf (config.script != "") "${pkgs.writeShellScript "${name}-start" config.script}";
    }
  );
  label = name: job: job.serviceConfig.Label or "org.nixos.${name}";
  wordsOf =
    job:
    if job.command != "" then
      [ "/bin/sh" "-c" "exec ${job.command}" ]
    else
      job.serviceConfig.ProgramArguments or [ ];

  plist =
    value:
    if builtins.isBool value then
      "<${lib.boolToString value}/>"
    else if builtins.isInt value then
      "<integer>${toString value}</integer>"
    else if builtins.isList value then
      "<array>${lib.concatMapStrings (entry: "\n${plist entry}") value}\n</array>"
    else if builtins.isAttrs value && !(value ? outPath) then
      "<dict>${
        lib.concatStrings (lib.mapAttrsToList (name: entry: "\n<key>${lib.escapeXML name}</key>\n${plist entry}") value)
      }\n</dict>"
    else
      "<string>${lib.escapeXML "${toString value}"}</string>";
  document =
    name: job:
    ''
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">${
        plist (
          job.serviceConfig
          // {
            Label = label name job;
            ProgramArguments = wordsOf job;
          }
          // lib.optionalAttrs (job.environment != { }) { EnvironmentVariables = job.environment; }
        )
      }</plist>
    '';
  write = folder: name: job: ''
    printf %s ${lib.escapeShellArg (document name job)} > "$out/${folder}/${label name job}.plist"
    printf '%s\n' ${lib.escapeShellArgs (wordsOf job)} > "$out/${folder}/${label name job}.words"
  '';
in
{
  _file = "<launchd>";
  options = {
    launchd.daemons = mkOption { type = types.attrsOf job; default = { }; };
    launchd.agents = mkOption { type = types.attrsOf job; default = { }; };
    launchd.user.agents = mkOption { type = types.attrsOf job; default = { }; };
    homebrew = mkOption { type = types.anything; default = { }; };
    system.defaults = mkOption { type = types.anything; default = { }; };
    system.primaryUser = mkOption { type = types.nullOr types.str; default = null; };
    networking.computerName = mkOption { type = types.nullOr types.str; default = null; };
    networking.localHostName = mkOption { type = types.nullOr types.str; default = config.networking.hostName; };
  };
  config.system.build.launchd = pkgs.runCommand "launchd" { } ''
    mkdir -p "$out/Library/LaunchDaemons" "$out/Library/LaunchAgents" "$out/user/Library/LaunchAgents"
    ${lib.concatStrings (lib.mapAttrsToList (write "Library/LaunchDaemons") config.launchd.daemons)}
    ${lib.concatStrings (lib.mapAttrsToList (write "Library/LaunchAgents") config.launchd.agents)}
    ${lib.concatStrings (lib.mapAttrsToList (write "user/Library/LaunchAgents") config.launchd.user.agents)}
  '';
}
