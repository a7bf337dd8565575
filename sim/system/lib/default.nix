# Stand-in for nixpkgs' `lib`: what the example fleet's modules use, by the same names.
let
  lists = import ./lists.nix;
  attrs = import ./attrs.nix;
  strings = import ./strings.nix;
  generators = import ./generators.nix;
  properties = import ../evaluator/properties.nix;
  fixedPoints = rec {
    fix =
      function:
      let
        value = function value;
      in
      value;
    extends =
      overlay: function: final:
      let
        previous = function final;
      in
      previous // overlay final previous;
    composeExtensions =
      first: second: final: previous:
      let
        applied = first final previous;
      in
      applied // second final (previous // applied);
    composeManyExtensions = lists.foldr composeExtensions (_: _: { });
  };
  trivial = {
    inherit (builtins)
      add
      bitAnd
      isBool
      isFloat
      isFunction
      isInt
      isPath
      lessThan
      pathExists
      readDir
      readFile
      seq
      sub
      tryEval
      typeOf
      ;
    id = value: value;
    const = value: _: value;
    flip =
      function: a: b:
      function b a;
    pipe = builtins.foldl' (value: function: function value);
    min = a: b: if a < b then a else b;
    max = a: b: if a > b then a else b;
    mod = a: b: a - b * (a / b);
    toHexString = number: builtins.toString number;
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    importTOML = path: fromTOML (builtins.readFile path);
    fileContents = path: strings.trim (builtins.readFile path);
    assertMsg = condition: message: condition || throw message;
    throwIf = condition: message: if condition then throw message else (value: value);
    throwIfNot = condition: message: if condition then (value: value) else throw message;
    warn = message: builtins.trace "evaluation warning: ${message}";
    warnIf = condition: message: if condition then builtins.trace "evaluation warning: ${message}" else (value: value);
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    literalMD = text: { _type = "literalMD"; inherit text; };
    mdDoc = text: text;
    functionArgs =
      function:
      if builtins.isFunction function then builtins.functionArgs function else function.__functionArgs or { };
    setFunctionArgs = function: arguments: {
      __functor = _: function;
      __functionArgs = arguments;
    };
    isStorePath = value: strings.hasPrefix builtins.storeDir (toString value);
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    licenses = attrs.genAttrs [ "mit" "asl20" "bsd3" "gpl3" "gpl3Plus" "gpl3Only" "mpl20" "unfree" ] (name: {
      shortName = name;
    });
    maintainers = { };
    platforms = {
      linux = [ "x86_64-linux" "aarch64-linux" ];
      darwin = [ "x86_64-darwin" "aarch64-darwin" ];
      unix = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      all = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
    };
    systems.elaborate = system: import ../packages/platform.nix system;
  };
  lib =
    lists // attrs // strings // fixedPoints // trivial // properties // evaluation // {
      inherit lists strings generators fixedPoints trivial;
      attrsets = attrs;
      modules = evaluation // properties;
      options = { inherit (evaluation) mkOption mkEnableOption mkPackageOption; };
      lib = lib;
    };
  evaluation = import ../evaluator { inherit lib; };
in
lib
