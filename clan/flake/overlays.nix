# From a set of overlays to the names of the packages that each sets; null where these depend on what it is given.
modules: overlays:
let
  inherit (modules { }) attempt setOf;
in
builtins.mapAttrs (
  _: overlay:
  attempt null (builtins.attrNames (overlay (throw "the final packages") (throw "the packages before")))
) (setOf overlays)
