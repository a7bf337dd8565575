# Names of a flake's outputs, and one level below those that could be misplaced modules. Forces nothing further.
outputs:
let
  inherit (builtins) attrNames isAttrs listToAttrs tryEval;
  namesOf =
    value:
    let
      found = tryEval value;
    in
    if found.success && isAttrs found.value && !(found.value ? outPath) then attrNames found.value else [ ];
in
listToAttrs (
  map (name: { inherit name; value = namesOf outputs.${name}; }) (
    builtins.filter (name: !(builtins.elem name [ "inputs" "outputs" "sourceInfo" "_type" "outPath" "narHash" ])) (attrNames outputs)
  )
)
