# What one machine's configuration says that no inventory can. Each answer may be missing; an error that Nix cannot catch is
# the machine's own.
modules:
{
  root,
  class,
  # Names of the answers that are wanted.
  answers,
}:
configuration:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    isAttrs
    isString
    mapAttrs
    stringLength
    substring
    ;
  inherit (modules { }) attempt homesOf listOf textOf;

  inherit (configuration) config;
  core = config.clan.core or { };
  text = value: let found = attempt null value; in if isString found then builtins.unsafeDiscardStringContext found else null;
  platform = config.nixpkgs.hostPlatform or null;

  # On darwin every declared user counts but the system's own, whose names begin with "_".
  isPerson =
    name: user:
    if class == "darwin" then substring 0 1 name != "_" && name != "root" && name != "nobody" else user.isNormalUser or false;
  declared = config.users.users or { };
  homes = config.home-manager.users or { };

  startsWith = prefix: string: substring 0 (stringLength prefix) string == prefix;
  # Modules of the flake's tree; those of inputs are left out, what they import is not.
  trim =
    nodes:
    concatMap (
      node:
      let
        file = textOf node.file;
        below = trim (node.imports or [ ]);
      in
      if node.disabled or false then
        [ ]
      else if file != null && startsWith root file then
        [ { inherit file; imports = below; } ]
      else
        below
    ) nodes;

  file = _: stated: {
    secret = attempt null (stated.secret or null);
    deploy = attempt null (stated.deploy or null);
    owner = text (stated.owner or null);
    group = text (stated.group or null);
    mode = text (stated.mode or null);
    neededFor = text (stated.neededFor or null);
  };
  generator = _: stated: {
    share = attempt false (stated.share or false);
    files = mapAttrs file (stated.files or { });
  };
in
builtins.intersectAttrs (builtins.listToAttrs (map (name: { inherit name; value = null; }) answers)) {
  system =
    let
      ofPackages = text (configuration.pkgs.stdenv.hostPlatform.system or null);
    in
    if ofPackages != null then ofPackages else if isAttrs platform then text (platform.system or null) else text platform;
  targetHost = text (core.networking.targetHost or null);
  buildHost = text (core.networking.buildHost or null);
  requireExplicitUpdate = attempt false (
    core.deployment.requireExplicitUpdate or (config.clan.deployment.requireExplicitUpdate or false)
  );
  users = attempt [ ] (filter (name: isPerson name declared.${name}) (attrNames declared));
  homes = attempt [ ] (attrNames homes);
  # null: this nixpkgs does not show how submodules were evaluated (it does since 25.11, `valueMeta`).
  homeGraphs =
    let
      meta = configuration.options.home-manager.users.valueMeta.attrs or null;
      graphOf = home: trim (home.configuration.graph or [ ]);
    in
    if meta == null then null else concatMap graphOf (builtins.attrValues meta);
  # Origins of what each home imports, definition by definition.
  homeImports = map (users: homesOf { home-manager.users = users; }) (listOf (configuration.options.home-manager.users.definitions or [ ]));
  generators = attempt { } (mapAttrs generator (core.vars.generators or { }));
  secretStore = text (core.vars.settings.secretStore or null);
  # null: this nixpkgs has none (nixpkgs pull request 403839).
  graph = if configuration ? graph then trim configuration.graph else null;
}
