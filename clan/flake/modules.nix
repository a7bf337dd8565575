# What can be told of a module without evaluating it, and of values as JSON. Builtins only: the flake read may have no lib.
# `known` holds those module arguments that are known without an evaluation, e.g. `inputs`.
known:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    functionArgs
    head
    isAttrs
    isFunction
    isList
    isPath
    isString
    length
    mapAttrs
    match
    toXML
    tryEval
    ;

  # A missing attribute cannot be caught, a `throw` can: functions are called only where every argument may be one.
  unknown = throw "not known without an evaluation";
  givesItsArguments = function: match ".*<varpat .*" (toXML function) == null;
  takesAnything = function: match ".*<varpat name=\"_[^\"]*\".*" (toXML function) != null;
  call =
    function:
    if takesAnything function then
      tryEval (function { })
    else if givesItsArguments function then
      let
        named = functionArgs function;
        required = filter (name: !named.${name}) (attrNames named);
      in
      tryEval (function (builtins.listToAttrs (map (name: { inherit name; value = known.${name} or unknown; }) required)))
    else
      { success = false; };

  # A module as a set; null where only an evaluation could tell.
  open =
    module:
    let
      called = call module;
      imported = tryEval (import module);
      isFile = (isPath module || (isString module && match "/.*" module != null)) && builtins.pathExists module;
    in
    if isFunction module then
      if called.success && isAttrs called.value then called.value else null
    else if isAttrs module then
      module
    else if isFile && imported.success then
      open imported.value
    else
      null;

  # For what may throw; whole lists and sets are asked for, not only their outermost layer.
  attempt =
    fallback: value:
    let
      found = tryEval (builtins.deepSeq value value);
    in
    if found.success then found.value else fallback;
  # As `attempt`, where the elements are to stay unasked.
  shallow =
    fallback: value:
    let
      found = tryEval value;
    in
    if found.success then found.value else fallback;

  listOf = value: shallow [ ] (if isList value then value else [ ]);
  setOf = value: shallow { } (if isAttrs value then value else { });
  # Those that are not known stay, as null.
  importsOf = module: map (shallow null) (listOf (module.imports or [ ]));
  textOf = value: shallow null (builtins.unsafeDiscardStringContext (toString value));

  # `deferredModule` merges to { imports = [ { _file; imports = [ VALUE ]; } … ]; }.
  isDefinition = module: isAttrs module && attrNames module == [ "_file" "imports" ];
  isMerged =
    module:
    attrNames module == [ "imports" ] && listOf module.imports != [ ] && builtins.all isDefinition (listOf module.imports);
  # flake-parts puts { ... }: { _class; _file; imports = [ MERGED ]; } around it, but for class "generic".
  isStamped = module: attrNames module == [ "_class" "_file" "imports" ] && length (listOf module.imports) == 1;

  # The definitions that were merged into it.
  definitions =
    module:
    let
      opened = open module;
    in
    if opened == null then
      [ ]
    else if isStamped opened then
      definitions (head opened.imports)
    else if isMerged opened then
      listOf opened.imports
    else
      [ ];
  definitionFiles = module: map (definition: textOf definition._file) (definitions module);
  # As `definitionFiles`; a file that is imported and says by `_file` what it was made from stands for that.
  sourceFiles =
    module:
    concatMap (
      definition:
      let
        value = setOf (open (head definition.imports));
        imported = if attrNames value == [ "imports" ] then filter isFile (importsOf value) else [ ];
        isFile = module: isPath module || (isAttrs module && module ? _file);
        isNamed = module: (setOf (open module)) ? _file;
      in
      if builtins.any isNamed imported then map sourceOf imported else [ (textOf definition._file) ]
    ) (definitions module);
  sourceOf = file: textOf ((setOf (open file))._file or file);

  # What a module is called by those who made it: an entry by its stamp, or by what it was merged from.
  originsOf =
    module:
    let
      opened = open module;
    in
    if opened == null then
      [ ]
    else if isMerged opened then
      definitionFiles opened
    else if opened ? _file then
      [ (textOf opened._file) ]
    else
      [ ];
  namesEntry = origin: origin != null && match ".*(#modules\\.|, via option flake\\.modules\\.).*" origin != null;

  # Origins of what each definition imports, or is.
  definedImports =
    module:
    concatMap (
      definition:
      let
        value = head definition.imports;
        own = filter namesEntry (originsOf value);
      in
      if own != [ ] then own else concatMap originsOf (importsOf (setOf (open value)))
    ) (definitions module);
  # As it, through whatever files and sets are imported on the way to an entry.
  entriesWithin =
    module:
    let
      within =
        depth: value:
        let
          own = filter namesEntry (originsOf value);
        in
        if own != [ ] then
          own
        else if depth == 0 then
          [ ]
        else
          concatMap (within (depth - 1)) (importsOf (setOf (open value)));
    in
    concatMap (definition: within deepest (head definition.imports)) (definitions module);
  # Bodies of the definitions, and of the files and sets that they import, up to other entries.
  bodiesWithin =
    module:
    let
      within =
        depth: value:
        let
          body = open value;
        in
        if body == null || depth == 0 || filter namesEntry (originsOf value) != [ ] then
          [ ]
        else
          [ body ] ++ concatMap (within (depth - 1)) (importsOf body);
    in
    concatMap (definition: within deepest (head definition.imports)) (definitions module);
  deepest = 8;
  definedValues =
    module: filter isAttrs (map (definition: open (head definition.imports)) (definitions module));

  # User → origins of what `home-manager.users.<user>` imports.
  homesOf =
    module:
    mapAttrs (_: home: concatMap originsOf (importsOf (setOf (open home)))) (
      setOf ((setOf (module.home-manager or { })).users or { })
    );

  # JSON of whatever it is: a path stays text, where toJSON would copy the file to the store.
  plain =
    depth: value:
    let
      forced = tryEval value;
      it = forced.value;
    in
    if !forced.success || depth == 0 then
      null
    else if isFunction it then
      null
    else if isPath it || (isAttrs it && it ? outPath) then
      textOf it
    else if isString it then
      builtins.unsafeDiscardStringContext it
    else if isList it then
      map (plain (depth - 1)) it
    else if isAttrs it then
      mapAttrs (_: plain (depth - 1)) it
    else
      it;

  # Settings come as a deferred module of one definition, or of none.
  unwrap =
    settings:
    if isAttrs settings && isMerged settings && length settings.imports == 1 then
      head (head settings.imports).imports
    else if settings == { imports = [ ]; } then
      { }
    else
      settings;
in
{
  inherit
    attempt
    bodiesWithin
    definedImports
    definedValues
    definitionFiles
    entriesWithin
    homesOf
    importsOf
    listOf
    open
    originsOf
    plain
    setOf
    shallow
    sourceFiles
    textOf
    unwrap
    ;
}
