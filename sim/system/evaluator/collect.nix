# From a list of modules (paths, functions, sets) to the flat list of all they import, each path once.
{ lib, ... }:
{
  modules,
  class,
  # Applies a module that is a function; `file` is for its errors.
  call,
}:
let
  syntaxNames = [
    "_class"
    "_file"
    "config"
    "disabledModules"
    "freeformType"
    "imports"
    "key"
    "meta"
    "options"
  ];

  isModuleFunction = module: builtins.isFunction module || (builtins.isAttrs module && module ? __functor);
  isPath =
    module: builtins.isPath module || (builtins.isString module && lib.hasPrefix "/" module);

  # `file` and `key` are what the importing module gives to one without its own.
  load =
    file: key: module:
    if isPath module then
      let
        path = toString module;
        loaded = import module;
      in
      normalise path path (if isModuleFunction loaded then call path loaded else loaded)
    else if isModuleFunction module then
      normalise file key (call file module)
    else if builtins.isList module then
      throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: `${file}'"
    else if builtins.isAttrs module then
      if module.type or null == "derivation" then
        throw "A package (${module.name or "?"}) stands in the imports of `${file}': it is no module"
      else
        normalise file key module
    else
      throw "Expected a module, but found a value of type ${builtins.typeOf module} in `${file}'";

  normalise =
    file: key: module:
    let
      ownFile = toString (module._file or file);
      extra = removeAttrs module syntaxNames;
      isExplicit = module ? config || module ? options;
      config =
        if module ? _type then
          module
        else if !isExplicit then
          extra
        else if extra != { } then
          throw "Module `${ownFile}' has an unsupported attribute `${builtins.head (builtins.attrNames extra)}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (builtins.attrNames extra)}) into the explicit `config' attribute."
        else
          module.config or { };
    in
    if !builtins.isAttrs module then
      throw "The module in `${ownFile}' gives a value of type ${builtins.typeOf module}, not a set"
    else
      checkClass {
        inherit config;
        file = ownFile;
        key = toString (module.key or key);
        class = module._class or null;
        options = module.options or { };
        imports = module.imports or [ ];
      };

  # The text is nixpkgs' own, people search for it.
  checkClass =
    module:
    if class == null || module.class == null || module.class == class then
      module
    else
      throw ''
        The module `${module.file}` (class: "${module.class}") cannot be imported into a module evaluation that expects class "${class}".

        Help: a module of class "${module.class}" belongs into a configuration of that class; what both share belongs into an entry of class "generic".'';

  step =
    parent: index: module:
    let
      loaded = load parent.file "${parent.key}:anon-${toString index}" module;
    in
    {
      inherit (loaded) key;
      module = loaded;
    };
  importsOf =
    module:
    if builtins.isList module.imports then
      lib.imap1 (step module) module.imports
    else
      throw "`imports' of the module `${module.file}' is no list";
  startSet = lib.imap1 (step {
    file = "<unknown-file>";
    key = "";
  }) modules;
  nodeOf = item: {
    inherit (item) key;
    inherit (item.module) file;
    disabled = false;
    imports = map nodeOf (importsOf item.module);
  };
in
{
  # As in nixpkgs: imported modules define before those that import them.
  modules = map (item: item.module) (
    lib.reverseList (
      builtins.genericClosure {
        inherit startSet;
        operator = item: importsOf item.module;
      }
    )
  );
  # Who imports whom, a module once for each way. Source: nixpkgs, lib/modules.nix, `graph`.
  graph = map nodeOf startSet;
}
