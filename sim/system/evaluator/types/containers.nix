# Lists, sets and choices of other types.
{ lib, definitions, merge, options, types, ... }:
let
  inherit (definitions) byAttribute effective isPlainSet;
  attributes = element: {
    description = "attribute set of ${element.description}";
    check = isPlainSet;
    emptyValue = { };
  };
in
rec {
  # Names exist only where a definition's condition holds.
  attrsOf =
    element:
    attributes element
    // {
      nestedTypes.elemType = element;
      merge =
        path: found:
        builtins.mapAttrs (name: options.mergeTyped (path ++ [ name ]) element) (
          lib.filterAttrs (_: given: effective given != [ ]) (byAttribute found)
        );
    };
  # Names stand before conditions; a value that no condition allows is empty or undefined.
  lazyAttrsOf =
    element:
    attributes element
    // {
      merge =
        path: found:
        builtins.mapAttrs (name: options.mergeTyped (path ++ [ name ]) element) (byAttribute found);
    };
  attrs = {
    description = "attribute set";
    check = isPlainSet;
    emptyValue = { };
    merge = _: found: builtins.foldl' (merged: definition: merged // definition.value) { } found;
  };

  listOf = element: {
    description = "list of ${element.description}";
    check = builtins.isList;
    emptyValue = [ ];
    merge =
      path: found:
      builtins.concatMap (
        definition:
        builtins.concatMap (
          value:
          let
            given = effective [ { inherit (definition) file; inherit value; } ];
          in
          lib.optional (given != [ ]) (options.mergeTyped (path ++ [ "*" ]) element given)
        ) definition.value
      ) found;
  };
  nonEmptyListOf = listOf;

  nullOr = element: {
    description = "null or ${element.description}";
    check = value: value == null || element.check value;
    emptyValue = null;
    merge =
      path: found:
      if builtins.all (definition: definition.value == null) found then
        null
      else if builtins.any (definition: definition.value == null) found then
        merge.conflict path found
      else
        element.merge path found;
  };

  either = first: second: {
    description = "${first.description} or ${second.description}";
    check = value: first.check value || second.check value;
    merge =
      path: found:
      (if builtins.all (definition: first.check definition.value) found then first else second).merge path found;
  };
  oneOf = choices: lib.foldr either (lib.last choices) (lib.init choices);

  coercedTo = from: convert: to: to // {
    check = value: from.check value || to.check value;
    merge =
      path: found:
      to.merge path (
        map (
          definition:
          if from.check definition.value then definition // { value = convert definition.value; } else definition
        ) found
      );
  };

  uniq = element: element // {
    merge = path: found: if builtins.length found == 1 then element.merge path found else merge.conflict path found;
  };
  unique = _: uniq;
  functionTo = element: {
    description = "function that evaluates to ${element.description}";
    check = value: builtins.isFunction value || value ? __functor;
    merge =
      path: found: argument:
      element.merge path (map (definition: definition // { value = definition.value argument; }) found);
  };
}
