# Known networks, without their passwords.
{ lib, ... }:
{
  _class = "clan.service";
  manifest.name = "clan-core/wifi";
  roles.default = {
    interface.options.networks = lib.mkOption {
      default = { };
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.enable = lib.mkOption { type = lib.types.bool; default = true; };
          options.autoConnect = lib.mkOption { type = lib.types.bool; default = true; };
          options.keyMgmt = lib.mkOption { type = lib.types.str; default = "wpa-psk"; };
        }
      );
    };
    perInstance =
      { settings, ... }:
      {
        nixosModule.environment.etc = lib.mapAttrs' (
          name: network:
          lib.nameValuePair "NetworkManager/system-connections/${name}.nmconnection" {
            mode = "0600";
            text = lib.generators.toINI { } {
              connection = {
                id = name;
                autoconnect = network.autoConnect;
              };
              wifi-security.key-mgmt = network.keyMgmt;
            };
          }
        ) (lib.filterAttrs (_: network: network.enable) settings.networks);
      };
  };
}
