# Server: sshd with the settings of clan's service. Client: the certificate authority of the clan's machines.
{ lib, ... }:
let
  interface = {
    options.authorizedKeys = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
    options.hostKeys = lib.mkOption { type = lib.types.anything; default = { }; };
    options.certificate.searchDomains = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
  };
in
{
  _class = "clan.service";
  manifest.name = "clan-core/sshd";
  roles.client = {
    inherit interface;
    perInstance =
      { roles, instanceName, ... }:
      {
        nixosModule.environment.etc."clan/${instanceName}-servers".text = lib.concatLines (
          builtins.attrNames (roles.server.machines or { })
        );
      };
  };
  roles.server = {
    inherit interface;
    perInstance =
      { settings, ... }:
      {
        nixosModule = {
          services.openssh.enable = true;
          services.openssh.settings.PasswordAuthentication = lib.mkDefault false;
          users.users.root.openssh.authorizedKeys.keys = builtins.attrValues settings.authorizedKeys;
        };
      };
  };
}
