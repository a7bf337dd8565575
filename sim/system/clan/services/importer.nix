# Nothing of its own: carries a role's `extraModules` to its machines.
{
  _class = "clan.service";
  manifest.name = "clan-core/importer";
  roles.default.perInstance = _: { };
}
