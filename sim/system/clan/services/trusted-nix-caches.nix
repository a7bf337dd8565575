# Substituters that the machines trust; here a file that names them.
{
  _class = "clan.service";
  manifest.name = "clan-core/trusted-nix-caches";
  roles.default.perInstance = _: {
    nixosModule.environment.etc."clan/trusted-nix-caches".text = "https://cache.clan.lol\n";
  };
}
