# `stdenv`: says what the machine's platform is, builds on the operator's.
{ lib, builders, hostPlatform, standIn }:
let
  phases = [ "unpackPhase" "patchPhase" "configurePhase" "buildPhase" "checkPhase" "installPhase" "fixupPhase" ];
  # A package of the fleet's own: runs the phases that it states; one without any is a stand-in.
  mkDerivation =
    given:
    let
      arguments = if builtins.isFunction given then lib.fix given else given;
      name = arguments.name or "${arguments.pname}-${arguments.version}";
      stated = builtins.filter (phase: arguments ? ${phase}) phases;
      script =
        arguments.buildCommand or (lib.concatMapStringsSep "\n" (phase: arguments.${phase}) stated);
      environment = lib.filterAttrs (
        attribute: value:
        !(builtins.elem attribute (phases ++ [ "name" "pname" "version" "meta" "passthru" "buildCommand" "src" ]))
        && (builtins.isString value || lib.isDerivation value || builtins.isPath value)
      ) arguments;
      package =
        if script == "" then
          standIn {
            pname = lib.getName (arguments.pname or name);
            version = arguments.version or "0";
            program = arguments.meta.mainProgram or null;
          }
        else
          builders.runCommand name environment ''
            runHook() { :; }
            ${lib.optionalString (arguments ? src) ''
              src=${arguments.src}
              if [ -d "$src" ]; then cp -r "$src" source && chmod -R u+w source && cd source; fi
            ''}
            ${script}
          '';
    in
    package
    // lib.optionalAttrs (arguments ? pname) { inherit (arguments) pname; }
    // lib.optionalAttrs (arguments ? version) { inherit (arguments) version; }
    // {
      meta = arguments.meta or { };
      overrideAttrs =
        change:
        mkDerivation (
          arguments // (if builtins.isFunction change then change arguments else change)
        );
    }
    // arguments.passthru or { };
in
{
  inherit mkDerivation hostPlatform;
  inherit (hostPlatform) system isDarwin isLinux isAarch64 isx86_64;
  buildPlatform = hostPlatform;
  targetPlatform = hostPlatform;
}
