# A running system under another path, built by its own programs on its own host.
{
  toplevel,
  change,
  label,
  shell,
  tools,
  builder,
}:
let
  # With context, so that a sandboxed build sees them; what lies elsewhere (macOS) is there without.
  known =
    path: if builtins.substring 0 11 path == "/nix/store/" then builtins.storePath path else path;
  words = text: builtins.filter (part: builtins.isString part && part != "") (builtins.split " " text);
  base = baseNameOf toplevel;
in
derivation {
  # As long as the original's: its path can then be replaced in a program, too.
  name = builtins.substring 33 (builtins.stringLength base) base;
  system = builtins.currentSystem;
  builder = known shell;
  args = [
    "-euc"
    (builtins.readFile builder)
  ];
  original = known toplevel;
  tools = builtins.concatStringsSep ":" (map known (words tools));
  inherit change label;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
