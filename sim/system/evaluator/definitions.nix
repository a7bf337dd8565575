# A definition is { file, value }: discharged of conditions, filtered by priority, sorted by order.
{ lib, ... }:
let
  defaultPriority = 100;
  defaultOrder = 1000;
in
rec {
  # A set whose names are options: no package, no function, no wrapper.
  isPlainSet =
    value:
    builtins.isAttrs value
    && !(value ? _type)
    && !(value ? outPath)
    && !(value ? __functor)
    && !(value ? __toString)
    && !(lib.isDerivation value);

  # Whether the value under all wrappers is a plain set; conditions are not asked.
  wrapsPlainSet =
    value:
    isPlainSet value
    || (
      value ? _type
      && (
        if value._type == "merge" then
          builtins.any wrapsPlainSet value.contents
        else
          value ? content && wrapsPlainSet value.content
      )
    );

  # Conditions that are true, merges taken apart; false conditions leave nothing.
  discharge =
    definition:
    let
      inherit (definition) value;
      kind = if builtins.isAttrs value then value._type or null else null;
    in
    if kind == "merge" then
      builtins.concatMap (content: discharge (definition // { value = content; })) value.contents
    else if kind == "if" then
      if !builtins.isBool value.condition then
        throw "`mkIf' in `${definition.file}' needs a Boolean condition"
      else if value.condition then
        discharge (definition // { value = value.content; })
      else
        [ ]
    else if kind == "override" then
      discharge (
        definition
        // {
          value = value.content;
          priority = definition.priority or value.priority;
        }
      )
    else if kind == "order" then
      discharge (
        definition
        // {
          value = value.content;
          order = definition.order or value.priority;
        }
      )
    else
      [ definition ];

  # What counts: the definitions of the strongest (lowest) priority, in their order.
  effective =
    definitions:
    let
      discharged = builtins.concatMap discharge definitions;
      priorityOf = definition: definition.priority or defaultPriority;
      strongest = builtins.foldl' (
        lowest: definition: if priorityOf definition < lowest then priorityOf definition else lowest
      ) 9999 discharged;
      kept = builtins.filter (definition: priorityOf definition == strongest) discharged;
      orderOf = definition: definition.order or defaultOrder;
      sorted =
        if builtins.any (definition: definition ? order) kept then
          builtins.sort (a: b: orderOf a < orderOf b) kept
        else
          kept;
    in
    map (definition: { inherit (definition) file value; }) sorted;

  # Moves the wrappers of a set onto its attributes, so that the names are known before any condition is.
  pushDown =
    value:
    let
      wrapWith = wrapper: map (builtins.mapAttrs (_: wrapper)) (pushDown value.content);
      kind = value._type or null;
    in
    if kind == "merge" then
      builtins.concatMap pushDown value.contents
    else if kind == "if" then
      wrapWith (content: value // { inherit content; })
    else if kind == "override" || kind == "order" then
      wrapWith (content: value // { inherit content; })
    else
      [ value ];

  # Definitions of a set, turned into one list of definitions for each of its attributes.
  byAttribute =
    definitions:
    builtins.zipAttrsWith (_: values: values) (
      map (
        definition:
        builtins.mapAttrs (_: value: {
          inherit (definition) file;
          inherit value;
        }) definition.value
      ) definitions
    );
}
