# Text formats of the `lib` stand-in.
let
  inherit (import ./strings.nix) concatMapStringsSep concatStringsSep boolToString;
  scalar =
    value:
    if builtins.isBool value then
      boolToString value
    else if builtins.isString value || builtins.isInt value then
      toString value
    else
      builtins.toJSON value;
  keyValue = name: value: "${name}=${scalar value}";
  lines = builtins.concatMap;
  section =
    set:
    concatStringsSep "\n" (
      lines (
        name:
        if builtins.isList set.${name} then map (keyValue name) set.${name} else [ (keyValue name set.${name}) ]
      ) (builtins.attrNames set)
    );
in
rec {
  toKeyValue = _: set: section set + "\n";
  toINI =
    _: sections:
    concatMapStringsSep "\n" (name: "[${name}]\n${section sections.${name}}\n") (builtins.attrNames sections);
  toGitINI = toINI { };
  toJSON = _: builtins.toJSON;
  # JSON is YAML.
  toYAML = _: builtins.toJSON;

  # Values as they stand in error messages: one line, two levels, no evaluation of derivations.
  toPretty =
    _:
    let
      show =
        depth: value:
        if builtins.isAttrs value then
          if (value.type or null) == "derivation" then
            "<derivation ${value.name or "?"}>"
          else if value ? _type then
            "<${value._type}>"
          else if value == { } then
            "{ }"
          else if depth == 0 then
            "{ ... }"
          else
            "{ ${
              concatMapStringsSep " " (name: "${name} = ${show (depth - 1) value.${name}};") (builtins.attrNames value)
            } }"
        else if builtins.isList value then
          if depth == 0 && value != [ ] then
            "[ ... ]"
          else
            "[ ${concatMapStringsSep " " (show (depth - 1)) value} ]"
        else if builtins.isFunction value then
          "<function>"
        else if builtins.isPath value then
          toString value
        else
          builtins.unsafeDiscardStringContext (builtins.toJSON value);
    in
    show 2;
}
