# One user per instance, on every machine of the role.
{ lib, ... }:
{
  _class = "clan.service";
  manifest.name = "clan-core/users";
  roles.default = {
    interface.options = {
      user = lib.mkOption { type = lib.types.str; };
      groups = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
      prompt = lib.mkOption { type = lib.types.bool; default = true; };
      share = lib.mkOption { type = lib.types.bool; default = false; };
      regularUser = lib.mkOption { type = lib.types.bool; default = true; };
      openssh.authorizedKeys.keys = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
    };
    perInstance =
      { settings, ... }:
      {
        nixosModule.users.users.${settings.user} = {
          isNormalUser = lib.mkDefault (settings.user != "root" && settings.regularUser);
          extraGroups = settings.groups;
          openssh.authorizedKeys.keys = settings.openssh.authorizedKeys.keys;
        };
      };
  };
}
