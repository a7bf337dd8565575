# String functions of the `lib` stand-in.
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    genList
    isList
    map
    replaceStrings
    stringLength
    substring
    ;
  lower = "abcdefghijklmnopqrstuvwxyz";
  upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  characters = text: genList (index: substring index 1 text) (stringLength text);
in
rec {
  inherit (builtins)
    compareVersions
    concatStringsSep
    hashString
    isString
    match
    replaceStrings
    split
    splitVersion
    stringLength
    substring
    toJSON
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = function: list: concatStrings (map function list);
  concatMapStringsSep = separator: function: list: concatStringsSep separator (map function list);
  concatMapAttrsStringSep =
    separator: function: set:
    concatStringsSep separator (map (name: function name set.${name}) (builtins.attrNames set));
  concatLines = concatMapStrings (line: line + "\n");
  concatImapStringsSep =
    separator: function: list:
    concatStringsSep separator (genList (index: function (index + 1) (elemAt list index)) (builtins.length list));
  optionalString = condition: text: if condition then text else "";
  stringToCharacters = characters;

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (stringLength suffix) text == suffix;
  hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text || infix == "";
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;

  toLower = replaceStrings (characters upper) (characters lower);
  toUpper = replaceStrings (characters lower) (characters upper);
  toInt = text: builtins.fromJSON text;
  boolToString = value: if value then "true" else "false";
  fixedWidthNumber =
    width: number:
    let
      text = toString number;
    in
    concatStrings (genList (_: "0") (width - stringLength text)) + text;

  escape = list: replaceStrings list (map (character: "\\" + character) list);
  escapeRegex = escape (characters "\\[{()^$?*+|.");
  # `match` and `split` forget which derivations a text stands on.
  addContextFrom = source: target: substring 0 0 source + target;
  splitString =
    separator: text:
    map (addContextFrom text) (filter (part: !isList part) (builtins.split (escapeRegex separator) text));
  trim =
    text:
    let
      found = builtins.match "[[:space:]]*(.*[^[:space:]])[[:space:]]*" text;
    in
    if found == null then "" else addContextFrom text (builtins.head found);
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if builtins.match "[[:alnum:],._+:@%/-]+" text != null then
      text
    else
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];

  versionAtLeast = version: least: compareVersions version least >= 0;
  versionOlder = version: limit: compareVersions version limit < 0;
  versions = {
    major = version: elemAt (builtins.splitVersion version) 0;
    majorMinor = version: concatStringsSep "." (genList (elemAt (builtins.splitVersion version)) 2);
  };
  getName = value: value.pname or (builtins.parseDrvName (value.name or value)).name;
  getVersion = value: value.version or (builtins.parseDrvName (value.name or value)).version;

  makeSearchPath = folder: packages: concatMapStringsSep ":" (package: "${package}/${folder}") packages;
  makeBinPath = makeSearchPath "bin";
  makeLibraryPath = makeSearchPath "lib";

  # As in nixpkgs: an error's text must not carry store paths as context.
  discardContext = builtins.unsafeDiscardStringContext;
}
