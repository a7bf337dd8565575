# Keys of the administrators, for root.
{ lib, ... }:
{
  _class = "clan.service";
  manifest.name = "clan-core/admin";
  roles.default = {
    interface.options.allowedKeys = lib.mkOption { type = lib.types.attrsOf lib.types.str; default = { }; };
    interface.options.certificateSearchDomains = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
    perInstance =
      { settings, ... }:
      {
        nixosModule.users.users.root.openssh.authorizedKeys.keys = builtins.attrValues settings.allowedKeys;
      };
  };
}
