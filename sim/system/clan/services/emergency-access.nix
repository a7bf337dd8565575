# A way in when the boot fails; here a marker of it.
{
  _class = "clan.service";
  manifest.name = "clan-core/emergency-access";
  roles.default.perInstance = _: {
    nixosModule.environment.etc."clan/emergency-access".text = "enabled\n";
  };
}
