# The fixed point: all modules, their declared options, and the configuration that they define together.
{ lib, definitions, collect, merge, options, types, display, ... }:
{
  modules,
  # Modules of another class are refused; null takes all.
  class ? null,
  # Arguments that `imports` may depend on.
  specialArgs ? { },
  prefix ? [ ],
  # Names that may stand at the top without being declared; null: any.
  roots ? null,
  # Whether every option must be declared.
  strict ? false,
}:
let
  inherit (definitions) byAttribute pushDown wrapsPlainSet;
  inherit (display) showOption showDefinitions;

  baseArgs = {
    inherit lib config;
    options = declared;
    inherit isDefined;
  } // specialArgs;

  # A function gets the special arguments and, of the others, those that it names.
  call =
    file: function:
    let
      named = lib.functionArgs function;
      missing = removeAttrs named (builtins.attrNames baseArgs);
      argument =
        name: hasDefault:
        if hasDefault then
          null
        else
          builtins.addErrorContext "while evaluating the argument `${name}' of the module `${file}':" (
            config._module.args.${name} or (throw "the module `${file}' asks for the argument `${name}', which is neither among the special arguments (${toString (builtins.attrNames baseArgs)}) nor in `_module.args'")
          );
      asked = lib.filterAttrs (name: hasDefault: !hasDefault) missing;
    in
    function (baseArgs // builtins.mapAttrs argument asked);

  internal = {
    _file = "<module evaluation>";
    options._module.args = lib.mkOption { type = types.lazyAttrsOf types.raw; };
    options._module.check = lib.mkOption { type = types.bool; default = true; };
  };

  collected = collect {
    modules = [ internal ] ++ modules;
    inherit class call;
  };
  loaded = collected.modules;

  declarations = map (module: {
    inherit (module) file;
    value = module.options;
  }) (builtins.filter (module: module.options != { }) loaded);
  declared = builtins.foldl' (tree: declaration: lib.recursiveUpdate tree declaration.value) { } declarations;

  unknown =
    path: found:
    throw "The option `${showOption path}' does not exist. Definition values:${showDefinitions found}";

  checkNames =
    path: known: children:
    let
      allowed = if path == [ ] && roots != null then known // lib.genAttrs roots (_: true) else known;
      mustBeKnown = strict || (path == [ ] && roots != null);
      strangers = builtins.attrNames (removeAttrs children (builtins.attrNames allowed));
    in
    if mustBeKnown && strangers != [ ] then
      unknown (prefix ++ path ++ [ (builtins.head strangers) ]) children.${builtins.head strangers}
    else
      children;

  namespace =
    path: declarationsHere: definitionsHere:
    let
      sets = builtins.concatMap (
        definition:
        if wrapsPlainSet definition.value || (definition.value._type or null) == "merge" then
          map (value: { inherit (definition) file; inherit value; }) (pushDown definition.value)
        else
          throw "A definition for option `${showOption (prefix ++ path)}' is not of type `attribute set'. Definition values:${showDefinitions [ definition ]}"
      ) definitionsHere;
      childDeclarations = byAttribute declarationsHere;
      childDefinitions = checkNames path childDeclarations (byAttribute sets);
    in
    builtins.mapAttrs (
      name: _: node (path ++ [ name ]) (childDeclarations.${name} or [ ]) (childDefinitions.${name} or [ ])
    ) (childDeclarations // childDefinitions);

  node =
    path: declarationsHere: definitionsHere:
    let
      full = prefix ++ path;
    in
    if builtins.any (declaration: options.isOption declaration.value) declarationsHere then
      options.optionValue full (options.mergeDeclarations full declarationsHere) definitionsHere
    else if declarationsHere != [ ] then
      namespace path declarationsHere definitionsHere
    else if
      builtins.length path < merge.openDepth
      && builtins.all (definition: wrapsPlainSet definition.value) definitionsHere
    then
      namespace path [ ] definitionsHere
    else
      merge.mergeByUse full definitionsHere;

  allDefinitions = map (module: {
    inherit (module) file;
    value = module.config;
  }) loaded;
  config =
    let
      tree = namespace [ ] declarations allDefinitions;
    in
    if strict then builtins.seq (checkBelow [ ] declarations tree) tree else tree;

  # Namespaces check their names when they are looked at: where every name must be known, all are looked at at once.
  checkBelow =
    path: declarationsHere: tree:
    builtins.foldl' (
      done: name:
      let
        below = (byAttribute declarationsHere).${name} or [ ];
      in
      if below == [ ] || builtins.any (declaration: options.isOption declaration.value) below then
        done
      else
        builtins.seq (checkBelow (path ++ [ name ]) below tree.${name}) done
    ) true (builtins.attrNames tree);

  # Whether any definition of this path counts: for those who must not ask for a value that nobody gave.
  isDefined = path: definitionsOf path != [ ];
  definitionsOf =
    path:
    let
      below =
        found: name:
        (byAttribute (
          builtins.concatMap (
            definition:
            map (value: { inherit (definition) file; inherit value; }) (pushDown definition.value)
          ) (builtins.filter (definition: wrapsPlainSet definition.value) found)
        )).${name} or [ ];
    in
    definitions.effective (builtins.foldl' below allDefinitions path);
in
{
  inherit config definitionsOf;
  inherit (collected) graph;
  options = declared;
  # Which files took part, in the order of their definitions.
  files = map (module: module.file) loaded;
}
