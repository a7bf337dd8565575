# What a unit may say. Names are closed, as in NixOS: a mistyped one is an error.
{ lib }:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
  names = option (types.listOf types.str) [ ];
  flag = option types.bool;
  settings = option (types.attrsOf types.anything) { };
  text = option types.lines "";

  unit = {
    enable = flag true;
    description = option types.str "";
    documentation = names;
    requires = names;
    requisite = names;
    wants = names;
    upholds = names;
    after = names;
    before = names;
    bindsTo = names;
    partOf = names;
    conflicts = names;
    onFailure = names;
    onSuccess = names;
    wantedBy = names;
    requiredBy = names;
    aliases = names;
    unitConfig = settings;
    stopIfChanged = flag true;
    restartTriggers = option (types.listOf types.unspecified) [ ];
    reloadTriggers = option (types.listOf types.unspecified) [ ];
    startLimitBurst = option (types.nullOr types.int) null;
    startLimitIntervalSec = option (types.nullOr types.int) null;
    overrideStrategy = option types.str "asDropinIfExists";
  };
  unitType = own: types.submodule { options = unit // own; };
in
{
  service = unitType {
    environment = settings;
    path = option (types.listOf types.anything) [ ];
    serviceConfig = settings;
    script = text;
    scriptArgs = option types.str "";
    preStart = text;
    postStart = text;
    reload = text;
    preStop = text;
    postStop = text;
    startAt = option (types.coercedTo types.str lib.singleton (types.listOf types.str)) [ ];
    restartIfChanged = flag true;
    reloadIfChanged = flag false;
    stopOnRemoval = flag true;
    confinement = settings;
    enableStrictShellChecks = flag false;
  };
  timer = unitType { timerConfig = settings; };
  socket = unitType {
    socketConfig = settings;
    listenStreams = names;
    listenDatagrams = names;
  };
  target = unitType { };
  path = unitType { pathConfig = settings; };
}
