# Unit files from their options: { text, enable, wantedBy, requiredBy, aliases }.
{ lib, pkgs }:
let
  showValue = value: if builtins.isBool value then lib.boolToString value else toString value;
  line = name: value: "${name}=${showValue value}";
  lines = name: value: if builtins.isList value then map (line name) value else [ (line name value) ];
  section =
    name: settings:
    lib.optionalString (settings != { }) (
      "[${name}]\n"
      + lib.concatLines (
        lib.concatLists (lib.mapAttrsToList lines (lib.filterAttrs (_: value: value != null) settings))
      )
      + "\n"
    );
  words = name: list: lib.optionalAttrs (list != [ ]) { ${name} = toString list; };

  unitSection =
    unit:
    section "Unit" (
      lib.optionalAttrs (unit.description != "") { Description = unit.description; }
      // words "Documentation" unit.documentation
      // words "Requires" unit.requires
      // words "Requisite" unit.requisite
      // words "Wants" unit.wants
      // words "Upholds" unit.upholds
      // words "After" unit.after
      // words "Before" unit.before
      // words "BindsTo" unit.bindsTo
      // words "PartOf" unit.partOf
      // words "Conflicts" unit.conflicts
      // words "OnFailure" unit.onFailure
      // words "OnSuccess" unit.onSuccess
      // words "X-Restart-Triggers" unit.restartTriggers
      // words "X-Reload-Triggers" unit.reloadTriggers
      // lib.optionalAttrs (unit.startLimitBurst != null) { StartLimitBurst = unit.startLimitBurst; }
      // lib.optionalAttrs (unit.startLimitIntervalSec != null) {
        StartLimitIntervalSec = unit.startLimitIntervalSec;
      }
      // lib.optionalAttrs (!(unit.stopOnRemoval or true)) { X-StopOnRemoval = false; }
      // unit.unitConfig
    );

  # A script of its own for each step, so that a unit's text changes exactly when its script does.
  scriptFor =
    name: step: text:
    let
      file = "${name}-${step}";
      package = pkgs.writeTextFile {
        name = "unit-script-${lib.replaceStrings [ "@" ] [ "_" ] file}";
        destination = "/bin/${file}";
        executable = true;
        text = "#!/bin/bash -e\n${text}";
      };
    in
    "${package}/bin/${file}";
  script =
    name: step: setting: text:
    lib.optionalAttrs (text != "") { ${setting} = scriptFor name step text; };

  environmentLines = unit: lib.mapAttrsToList (name: value: ''"${name}=${toString value}"'') unit.environment;
  searchPath =
    unit:
    lib.concatStringsSep ":" (
      map (package: "${package}/bin") unit.path
      ++ [
        "/usr/local/sbin"
        "/usr/local/bin"
        "/usr/sbin"
        "/usr/bin"
        "/sbin"
        "/bin"
      ]
    );
  serviceSection =
    name: unit:
    section "Service" (
      {
        Environment = environmentLines unit ++ [ ''"PATH=${searchPath unit}"'' ];
      }
      // lib.optionalAttrs unit.reloadIfChanged { X-ReloadIfChanged = true; }
      // lib.optionalAttrs (!unit.restartIfChanged) { X-RestartIfChanged = false; }
      // lib.optionalAttrs (!unit.stopIfChanged) { X-StopIfChanged = false; }
      // script name "pre-start" "ExecStartPre" unit.preStart
      // lib.optionalAttrs (unit.script != "") {
        ExecStart = lib.concatStringsSep " " (
          [ (scriptFor name "start" unit.script) ] ++ lib.optional (unit.scriptArgs != "") unit.scriptArgs
        );
      }
      // script name "post-start" "ExecStartPost" unit.postStart
      // script name "reload" "ExecReload" unit.reload
      // script name "pre-stop" "ExecStop" unit.preStop
      // script name "post-stop" "ExecStopPost" unit.postStop
      // unit.serviceConfig
    );

  rendered = unit: text: {
    inherit text;
    inherit (unit) enable wantedBy requiredBy aliases;
  };
in
{
  service = name: unit: rendered unit (unitSection unit + serviceSection name unit);
  timer = _: unit: rendered unit (unitSection unit + section "Timer" unit.timerConfig);
  path = _: unit: rendered unit (unitSection unit + section "Path" unit.pathConfig);
  target = _: unit: rendered unit (unitSection unit);
  socket =
    _: unit:
    rendered unit (
      unitSection unit
      + section "Socket" (
        lib.optionalAttrs (unit.listenStreams != [ ]) { ListenStream = unit.listenStreams; }
        // lib.optionalAttrs (unit.listenDatagrams != [ ]) { ListenDatagram = unit.listenDatagrams; }
        // unit.socketConfig
      )
    );
}
