# Values of options that nobody declared: sets merge by attribute, lists are joined, everything else must agree.
{ lib, definitions, display, ... }:
let
  inherit (definitions) effective isPlainSet byAttribute;
  inherit (display) showOption showDefinitions;
in
rec {
  # Below this depth (`services.nginx.settings.x`) an attribute exists only if one of its conditions holds; above it
  # names stand before conditions, or `services.a = lib.mkIf config.services.b.enable …` would never end.
  openDepth = 3;

  conflict =
    path: found:
    throw "The option `${showOption path}' has conflicting definition values:${showDefinitions found}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  # A switch that no condition turns on is off.
  undefined =
    path:
    if path != [ ] && lib.last path == "enable" then
      false
    else
      throw "The option `${showOption path}' was accessed but has no value defined. Try setting the option.";

  mergeEqual =
    path: found:
    let
      first = (builtins.head found).value;
    in
    if builtins.all (definition: definition.value == first) (builtins.tail found) then
      first
    else
      conflict path found;

  # `found` are effective definitions (no wrappers), at least one.
  mergeFound =
    path: found:
    let
      values = map (definition: definition.value) found;
    in
    if builtins.length found == 1 && !(isPlainSet (builtins.head values)) then
      if builtins.isList (builtins.head values) then joinLists path found else builtins.head values
    else if builtins.all isPlainSet values then
      mergeSets path found
    else if builtins.all builtins.isList values then
      joinLists path found
    else if builtins.any builtins.isFunction values then
      conflict path found
    else
      mergeEqual path found;

  joinLists =
    path: found:
    builtins.concatMap (
      definition:
      builtins.concatMap (
        element:
        if builtins.isAttrs element && element ? _type then
          map (part: part.value) (definitions.discharge { inherit (definition) file; value = element; })
        else
          [ element ]
      ) definition.value
    ) found;

  mergeSets =
    path: found:
    let
      children = builtins.mapAttrs (_: effective) (byAttribute found);
      defined = lib.filterAttrs (_: child: child != [ ]) children;
    in
    builtins.mapAttrs (name: mergeFound (path ++ [ name ])) defined;

  mergeByUse =
    path: given:
    let
      found = effective given;
    in
    builtins.addErrorContext "while evaluating the option `${showOption path}':" (
      if found == [ ] then undefined path else mergeFound path found
    );
}
