# Types whose definitions must agree.
{ lib, merge, display, ... }:
let
  scalar = description: check: {
    inherit description check;
    merge = merge.mergeEqual;
  };
  inherit (builtins) isString isInt isBool;
  isStringLike =
    value:
    isString value
    || builtins.isPath value
    || (builtins.isAttrs value && (value ? outPath || value ? __toString));
  joined = description: separator: {
    inherit description;
    check = isString;
    merge = _: found: builtins.concatStringsSep separator (map (definition: definition.value) found);
  };
  between =
    low: high:
    scalar "integer between ${toString low} and ${toString high} (both inclusive)" (
      value: isInt value && value >= low && value <= high
    );
in
rec {
  bool = scalar "boolean" isBool;
  boolByOr = bool // {
    merge = _: found: builtins.any (definition: definition.value) found;
  };
  int = scalar "signed integer" isInt;
  float = scalar "floating point number" builtins.isFloat;
  number = scalar "number" (value: isInt value || builtins.isFloat value);
  port = between 0 65535;
  ints = {
    inherit between;
    unsigned = scalar "unsigned integer" (value: isInt value && value >= 0);
    positive = scalar "positive integer" (value: isInt value && value > 0);
    u8 = between 0 255;
    u16 = between 0 65535;
    u32 = between 0 4294967295;
  };
  str = scalar "string" isString;
  singleLineStr = str;
  nonEmptyStr = scalar "non-empty string" (value: isString value && value != "");
  passwdEntry = _: str;
  strMatching =
    pattern:
    scalar "string matching the pattern ${pattern}" (
      value: isString value && builtins.match pattern value != null
    );
  lines = joined "strings concatenated with \"\\n\"" "\n";
  commas = joined "strings concatenated with \",\"" ",";
  envVar = joined "strings concatenated with \":\"" ":";
  separatedString = joined "strings concatenated";
  path = scalar "absolute path" (value: isStringLike value && lib.hasPrefix "/" (toString value));
  pathInStore = path;
  package = scalar "package" (value: isStringLike value);
  shellPackage = package;
  enum =
    values:
    scalar "one of ${lib.concatMapStringsSep ", " display.showValue values}" (value: builtins.elem value values);
  # Exactly one definition, whatever it is.
  raw = {
    description = "raw value";
    check = _: true;
    merge =
      path: found:
      if builtins.length found == 1 then (builtins.head found).value else merge.mergeEqual path found;
  };
  unspecified = anything;
  anything = {
    description = "anything";
    check = _: true;
    merge = merge.mergeFound;
  };
}
