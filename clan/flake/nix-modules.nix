# The entries that `.nix` flake modules of a mixed tree define: names, places, and what their bodies say that they import; and
# what they say of the clan: registry, inventory, instances.
# No input is there and no option is evaluated: what depends on them is not known.
modules:
{
  # Flake modules, as absolute paths in text.
  files,
  # Class → names of entries that others define.
  known,
  # Whether to look into bodies: one that names an entry which does not exist fails the whole evaluation.
  bodies,
}:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    functionArgs
    isAttrs
    isFunction
    isList
    isPath
    listToAttrs
    mapAttrs
    ;
  inherit (modules { }) attempt homesOf importsOf open originsOf plain setOf shallow;

  unknown = throw "not known without the flake's inputs";

  # The functions of nixpkgs' lib that stand between a module and its entries.
  property = _type: content: { inherit _type content; };
  lib = {
    mkIf = _: property "if";
    mkMerge = contents: { _type = "merge"; inherit contents; };
    mkOverride = _: property "override";
    mkDefault = property "override";
    mkForce = property "override";
    mkOrder = _: property "order";
    mkBefore = property "order";
    mkAfter = property "order";
    inherit (builtins) attrNames attrValues filter genList listToAttrs map mapAttrs;
    genAttrs = names: make: listToAttrs (map (name: { inherit name; value = make name; }) names);
    optionals = condition: list: if condition then list else [ ];
    optional = condition: element: if condition then [ element ] else [ ];
    optionalAttrs = condition: set: if condition then set else { };
  };
  # Definitions under all wrappers; conditions are not asked.
  parts =
    value:
    if !isAttrs value then
      [ value ]
    else if value._type or null == "merge" then
      concatMap parts value.contents
    else if value ? _type && value ? content then
      parts value.content
    else
      [ value ];
  setsIn = value: filter isAttrs (parts (shallow { } value));
  below = name: sets: concatMap (set: if set ? ${name} then setsIn set.${name} else [ ]) sets;

  call =
    file:
    let
      loaded = import file;
      named = if isFunction loaded then functionArgs loaded else { };
      arguments = mapAttrs (_: _: unknown) (removeAttrs named [ "config" "lib" ]);
    in
    if isFunction loaded then
      loaded ({ inputs = unknown; self = unknown; options = unknown; } // arguments // { inherit lib; config = { flake.modules = references; clan = unknown; }; })
    else
      loaded;

  # A module and those that it imports by path, with what each defines at its top.
  modulesIn =
    file:
    let
      module = setOf (shallow { } (call file));
    in
    [ { inherit file; tops = [ module ] ++ below "config" [ module ]; } ]
    ++ concatMap (each: if isPath each then modulesIn each else [ ]) (importsOf module);
  entriesOf =
    { file, tops }:
    let
      classes = below "modules" (below "flake" tops);
      ofClass = class: concatMap (set: ofEntries class set) (concatMap (set: if set ? ${class} then setsIn set.${class} else [ ]) classes);
      ofEntries = class: set: map (entry: describe file class entry set) (attrNames set);
    in
    concatMap ofClass (attrNames (builtins.foldl' (all: set: all // set) { } classes));

  # A value without the wrappers at any depth; of several definitions the sets are joined, of others the last counts.
  bare =
    value:
    let
      all = parts (shallow null value);
    in
    if all == [ ] then
      null
    else if builtins.all isAttrs all then
      mapAttrs (_: bare) (builtins.foldl' (joined: set: joined // set) { } all)
    else
      builtins.elemAt all (builtins.length all - 1);
  lineOf = name: set: let at = builtins.unsafeGetAttrPos name set; in if at == null then null else at.line;
  platformIn =
    bodies:
    let
      stated = map (set: attempt null (bare (set.hostPlatform or null))) (below "nixpkgs" bodies);
      known = filter builtins.isString stated;
    in
    if known == [ ] then null else builtins.head known;
  # A machine's module as far as a registry is concerned.
  registered =
    value:
    let
      bodies = map (part: setOf (open part)) (parts (shallow null value));
    in
    {
      imports = concatMap (body: concatMap originsOf (importsOf body)) bodies;
      hostPlatform = platformIn (bodies ++ below "config" bodies);
    };
  clansOf = tops: below "clan" tops ++ below "clan" (below "flake" tops);
  clanOf =
    { file, tops }:
    let
      inventory = below "inventory" (clansOf tops);
      each =
        kind: give: sets:
        concatMap (set: map (name: { inherit kind name; file = toString file; line = lineOf name set; value = give set.${name}; }) (attrNames set)) sets;
      data = value: plain 10 (bare value);
    in
    each "registered" registered (below "machines" (clansOf tops))
    ++ each "machine" data (below "machines" inventory)
    ++ each "tag" data (below "tags" inventory)
    ++ each "instance" data (below "instances" inventory);

  describe = file: class: entry: set: {
    inherit class entry;
    file = toString file;
    line = let at = builtins.unsafeGetAttrPos entry set; in if at == null then null else at.line;
    values = parts set.${entry};
  };

  loaded = concatMap (file: modulesIn (/. + file)) files;
  found = concatMap entriesOf loaded;
  stub = class: entry: { _file = "#modules.${class}.${builtins.toJSON entry}"; };
  references = mapAttrs (class: entries: mapAttrs (entry: _: stub class entry) entries) (
    builtins.zipAttrsWith (_: sets: builtins.foldl' (all: set: all // set) { } sets) (
      [ (mapAttrs (_: names: lib.genAttrs names (_: null)) known) ]
      ++ map ({ class, entry, ... }: { ${class}.${entry} = null; }) found
    )
  );

  isPerson = user: attempt false ((setOf user).isNormalUser or false);
  inBody =
    value:
    let
      body = setOf (open value);
      content = [ body ] ++ below "config" [ body ];
      accounts = map (users: setOf (users.users or { })) (below "users" content);
    in
    {
      imports = if originsOf value != [ ] && !(body ? imports) then originsOf value else concatMap originsOf (importsOf body);
      homes = map homesOf content;
      people = concatMap (users: filter (name: isPerson users.${name}) (attrNames users)) accounts;
      hostPlatform = platformIn content;
    };
in
{
  entries = map (
    { class, entry, file, line, values }:
    {
      inherit class entry file line;
      bodies = if bodies then map inBody values else [ ];
    }
  ) found;
  # Whether there is anything to be looked into, and what it is.
  statesClan = builtins.any ({ tops, ... }: clansOf tops != [ ]) loaded;
  clan = if bodies then concatMap clanOf loaded else [ ];
}
