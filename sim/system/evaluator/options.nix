# Declared options: their constructors, and the value of one from its definitions.
{ lib, definitions, merge, display, types, ... }:
let
  inherit (display) showOption showValue;
in
rec {
  isOption = value: builtins.isAttrs value && (value._type or null) == "option";

  constructors = {
    inherit isOption;
    mkOption = arguments: arguments // { _type = "option"; };
    mkEnableOption = name: {
      _type = "option";
      type = types.bool;
      default = false;
      description = "Whether to enable ${name}.";
    };
    mkPackageOption = pkgs: name: _: {
      _type = "option";
      type = types.package;
      default = pkgs.${builtins.head (lib.toList name)};
      description = "The ${toString name} package to use.";
    };
  };

  # Several modules may declare parts of one option, but nothing twice.
  mergeDeclarations =
    path: declarations:
    builtins.foldl' (
      option: declaration:
      let
        again = builtins.intersectAttrs (removeAttrs option [ "_type" "description" "file" ]) declaration.value;
      in
      if again == { } then
        option // declaration.value // { inherit (declaration) file; }
      else
        throw "The option `${showOption path}' in `${declaration.file}' is already declared in `${option.file}'."
    ) { } declarations;

  checkType =
    path: type: found:
    map (
      definition:
      if type.check definition.value then
        definition
      else
        throw "A definition for option `${showOption path}' is not of type `${type.description}'. Definition values:\n- In `${definition.file}': ${showValue definition.value}"
    ) found;

  # The value that a type makes of definitions which may still wear conditions and priorities.
  mergeTyped =
    path: type: given:
    let
      found = definitions.effective given;
    in
    builtins.addErrorContext "while evaluating the option `${showOption path}':" (
      if found != [ ] then
        type.merge path (checkType path type found)
      else
        type.emptyValue or (merge.undefined path)
    );

  optionValue =
    path: option: given:
    let
      default = lib.optional (option ? default) {
        file = option.file or "<default>";
        priority = 1500;
        value = option.default;
      };
      value = mergeTyped path (option.type or types.anything) (given ++ default);
    in
    if (option.readOnly or false) && builtins.length given > 1 then
      throw "The option `${showOption path}' is read-only, but it's set multiple times."
    else
      (option.apply or (value: value)) value;
}
