# Attribute set functions of the `lib` stand-in.
let
  lists = import ./lists.nix;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    functionArgs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  optionalAttrs = condition: set: if condition then set else { };

  mapAttrsToList = function: set: map (name: function name set.${name}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  mapAttrs' = function: set: listToAttrs (mapAttrsToList function set);
  concatMapAttrs = function: set: mergeAttrsList (mapAttrsToList function set);
  mergeAttrsList = builtins.foldl' (merged: set: merged // set) { };
  filterAttrs =
    predicate: set: removeAttrs set (builtins.filter (name: !predicate name set.${name}) (attrNames set));
  genAttrs = names: function: listToAttrs (map (name: nameValuePair name (function name)) names);
  genAttrs' = values: function: listToAttrs (map function values);
  foldlAttrs =
    function: start: set:
    builtins.foldl' (value: name: function value name set.${name}) start (attrNames set);
  getAttrs = names: set: genAttrs names (name: set.${name});
  attrVals = names: set: map (name: set.${name}) names;
  zipAttrs = zipAttrsWith (_: values: values);
  cartesianProduct =
    set:
    builtins.foldl' (
      rows: name: builtins.concatMap (row: map (value: row // { ${name} = value; }) set.${name}) rows
    ) [ { } ] (attrNames set);

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && hasAttr (builtins.head path) set then
      attrByPath (builtins.tail path) default set.${builtins.head path}
    else
      default;
  hasAttrByPath =
    path: set:
    path == [ ]
    || (
      isAttrs set
      && hasAttr (builtins.head path) set
      && hasAttrByPath (builtins.tail path) set.${builtins.head path}
    );
  getAttrFromPath =
    path: set:
    attrByPath path (throw "cannot find attribute `${builtins.concatStringsSep "." path}'") set;
  setAttrByPath =
    path: value:
    if path == [ ] then value else { ${builtins.head path} = setAttrByPath (builtins.tail path) value; };

  isDerivation = value: isAttrs value && (value.type or null) == "derivation";

  # Right wins; sets are merged at every depth, derivations count as values.
  recursiveUpdate =
    left: right:
    left
    // mapAttrs (
      name: value:
      if
        hasAttr name left
        && isAttrs left.${name}
        && isAttrs value
        && !isDerivation value
        && !isDerivation left.${name}
      then
        recursiveUpdate left.${name} value
      else
        value
    ) right;
  mapAttrsRecursive =
    function: set:
    let
      at =
        path:
        mapAttrs (
          name: value:
          if isAttrs value && !isDerivation value then
            at (path ++ [ name ]) value
          else
            function (path ++ [ name ]) value
        );
    in
    at [ ] set;
  collect =
    predicate: value:
    if predicate value then
      [ value ]
    else if isAttrs value then
      builtins.concatMap (collect predicate) (attrValues value)
    else
      [ ];

  getBin = package: package.bin or package;
  getLib = package: package.lib or package;
  getExe =
    package:
    getExe' package (
      package.meta.mainProgram or package.pname or (lists.head (builtins.split "-[0-9]" package.name))
    );
  getExe' = package: program: "${getBin package}/bin/${program}";
  toDerivation = path: { type = "derivation"; name = baseNameOf path; outPath = path; };
}
