# `services.<name>.enable` and `programs.<name>.enable` of which nothing more is known: a service runs a stand-in with
# its settings in a file, a program is installed.
{ config, lib, pkgs, isDefined, machineClass, ... }:
let
  # What is part of a system already, or is handled elsewhere.
  silent = [
    "openssh"
    "journald"
    "logind"
    "resolved"
    "timesyncd"
    "udev"
    "dbus"
    "xserver"
    "pipewire"
    "printing"
    "fwupd"
    "fstrim"
    "getty"
    "qemuGuest"
    "zfs"
    "smartd"
    "thermald"
    "upower"
    "nix-daemon"
  ];
  flag = lib.mkOption { type = lib.types.bool; default = false; };
  # Read by the fleet's modules even where nobody enables them.
  wellKnown = [
    "caddy"
    "chrony"
    "dnscrypt-proxy"
    "fail2ban"
    "gitea"
    "kanidm"
    "nginx"
    "postgresql"
    "prometheus"
    "tailscale"
    "tor"
    "zerotierone"
  ];
  enabledOf =
    tree: ignored:
    builtins.filter (
      name:
      !(builtins.elem name ignored)
      && builtins.isAttrs tree.${name}
      && (tree.${name}.enable or false) == true
    ) (builtins.attrNames tree);
  packageOf =
    kind: name:
    if isDefined [ kind name "package" ] then
      config.${kind}.${name}.package
    else
      pkgs.${name} or (pkgs.simulatedPackage {
        pname = name;
        version = "0";
      });
  settingsOf =
    name:
    builtins.intersectAttrs (lib.genAttrs (builtins.filter (
      attribute: attribute != "package" && isDefined [ "services" name attribute ]
    ) (builtins.attrNames config.services.${name})) (_: true)) config.services.${name};
  plain =
    value:
    if builtins.isFunction value then
      "<function>"
    else if lib.isDerivation value then
      "${value}"
    else if builtins.isAttrs value then
      builtins.mapAttrs (_: plain) value
    else if builtins.isList value then
      map plain value
    else
      value;
  command =
    name:
    let
      package = packageOf "services" name;
      file = pkgs.writeText "${name}.json" (builtins.toJSON (plain (settingsOf name)));
    in
    [
      "${package}/bin/${package.meta.mainProgram or name}"
      "--config"
      "${file}"
    ];
  running = enabledOf config.services silent;
in
{
  _file = "<services>";
  options.services = lib.genAttrs wellKnown (_: { enable = flag; });
  options.programs = lib.genAttrs [ "zsh" "fish" "bash" "git" "direnv" ] (_: { enable = flag; });
  config = {
    environment.systemPackages =
      map (packageOf "services") running ++ map (packageOf "programs") (enabledOf config.programs [ "ssh" ]);
  }
  // (
    if machineClass == "nixos" then
      {
        systemd.services = lib.genAttrs running (name: {
          description = lib.mkDefault "${name} (simulated)";
          wantedBy = lib.mkDefault [ "multi-user.target" ];
          serviceConfig.ExecStart = lib.mkDefault (lib.concatStringsSep " " (command name));
        });
      }
    else
      {
        launchd.daemons = lib.genAttrs running (name: {
          serviceConfig.ProgramArguments = lib.mkDefault (command name);
          serviceConfig.RunAtLoad = lib.mkDefault true;
        });
      }
  );
}
