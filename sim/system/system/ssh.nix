# sshd and known hosts. The host's own sshd goes on serving; it reads what is stated here as one more file.
{ config, lib, machineClass, ... }:
let
  inherit (lib) mkOption types;
  knownHost = types.submodule (
    { name, config, ... }:
    {
      options = {
        hostNames = mkOption { type = types.listOf types.str; default = [ name ] ++ config.extraHostNames; };
        extraHostNames = mkOption { type = types.listOf types.str; default = [ ]; };
        publicKey = mkOption { type = types.nullOr types.str; default = null; };
        publicKeyFile = mkOption { type = types.nullOr types.path; default = null; };
        certAuthority = mkOption { type = types.bool; default = false; };
      };
    }
  );
  knownHosts = config.programs.ssh.knownHosts;
  keyOf =
    host: if host.publicKey != null then host.publicKey else lib.fileContents host.publicKeyFile;
  knownHostLine =
    host:
    lib.optionalString host.certAuthority "@cert-authority "
    + "${lib.concatStringsSep "," host.hostNames} ${keyOf host}";
  cfg = config.services.openssh;
  show =
    value:
    if builtins.isBool value then (if value then "yes" else "no") else toString value;
  settingLines = lib.mapAttrsToList (name: value: "${name} ${show value}") (
    lib.filterAttrs (_: value: value != null) cfg.settings
  );
  sshdText = lib.concatLines (
    settingLines
    ++ map (port: "# Port ${toString port} is left to the host") (lib.remove 22 cfg.ports)
    ++ lib.optional (cfg.extraConfig != "") cfg.extraConfig
  );
  withoutKey = lib.filterAttrs (_: host: host.publicKey == null && host.publicKeyFile == null) knownHosts;
in
{
  _file = "<openssh>";
  options = {
    programs.ssh.knownHosts = mkOption { type = types.attrsOf knownHost; default = { }; };
    programs.ssh.extraConfig = mkOption { type = types.lines; default = ""; };
    services.openssh = {
      enable = mkOption { type = types.bool; default = false; };
      settings = mkOption { type = types.attrsOf types.anything; default = { }; };
      ports = mkOption { type = types.listOf types.port; default = [ 22 ]; };
      extraConfig = mkOption { type = types.lines; default = ""; };
      openFirewall = mkOption { type = types.bool; default = true; };
      hostKeys = mkOption { type = types.listOf types.attrs; default = [ ]; };
      startWhenNeeded = mkOption { type = types.bool; default = false; };
    };
  };
  config = lib.mkMerge [
    {
      assertions = map (name: {
        assertion = false;
        message = "knownHost ${name} must contain either a publicKey or publicKeyFile";
      }) (builtins.attrNames withoutKey);
      environment.etc = {
        "ssh/ssh_known_hosts".text = lib.concatLines (map knownHostLine (builtins.attrValues knownHosts));
      }
      // lib.optionalAttrs (config.programs.ssh.extraConfig != "") {
        "ssh/ssh_config.d/50-fleet.conf".text = config.programs.ssh.extraConfig;
      };
    }
    (lib.mkIf cfg.enable {
      environment.etc."ssh/sshd_config.d/50-fleet.conf".text = sshdText;
    })
    (lib.optionalAttrs (machineClass == "nixos") {
      # Debian's unit is called ssh.service; `sshd' is who tells it that its settings are new.
      systemd.services.sshd-settings = lib.mkIf cfg.enable {
        description = "SSH daemon settings";
        wantedBy = [ "multi-user.target" ];
        after = [ "ssh.service" ];
        restartTriggers = [ config.environment.etc."ssh/sshd_config.d/50-fleet.conf".source ];
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        script = ''
          mkdir -p /run/sshd
          /usr/sbin/sshd -t
          systemctl try-reload-or-restart --no-block ssh.service
        '';
      };
    })
  ];
}
