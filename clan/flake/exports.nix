# Hosts that services export for machines: by scope `<service>:<instance>:<role>:<machine>` since 2025-10-30, before by
# instance. Source: clan-core, modules/clan/export-modules; the key's format is not stable, so nothing depends on it alone.
modules: exports:
let
  inherit (builtins) attrNames concatMap isAttrs mapAttrs;
  inherit (modules { }) attempt plain;
  hostsOf = peer: plain 6 (peer.hosts or (if (peer.host or null) == null then [ ] else [ peer.host ]));
  scopes = removeAttrs exports [ "instances" "machines" ];
  priority = networking: attempt null (if isAttrs networking then networking.priority or null else null);
in
{
  scopes = mapAttrs (_: scope: {
    priority = priority (scope.networking or null);
    hosts = let found = scope.peer or null; in if isAttrs found then hostsOf found else [ ];
  }) scopes;
  instances = concatMap (
    name:
    let
      networking = exports.instances.${name}.networking or null;
      peers = if isAttrs networking then networking.peers or { } else { };
    in
    map (machine: {
      inherit machine;
      instance = name;
      priority = priority networking;
      hosts = hostsOf peers.${machine};
    }) (attrNames peers)
  ) (attrNames (exports.instances or { }));
}
