# Which settings the roles of services take, where they take no others. Forces no machine's configuration.
# Source: clan-core d7c35d912, modules/inventoryClass/default.nix: input → service → role → JSON schema, whose `$defs.Input` is
# the role's interface; a schema that cannot be made throws.
{ wanted }:
schemas:
let
  inherit (builtins) attrNames deepSeq isAttrs listToAttrs mapAttrs tryEval;
  read =
    { input, name }:
    let
      roles = schemas.${input}.${name} or { };
      settingsOf =
        schema:
        let
          object = schema."$defs".Input or { };
          found = tryEval (deepSeq (attrNames (object.properties or { })) (attrNames (object.properties or { })));
          closed = tryEval ((object.additionalProperties or true) == false);
        in
        if isAttrs object && found.success && closed.success && closed.value then found.value else null;
    in
    if isAttrs roles then mapAttrs (_: schema: let found = tryEval (settingsOf schema); in if found.success then found.value else null) roles else { };
in
listToAttrs (map (service: { name = "${service.input}/${service.name}"; value = read service; }) wanted)
