# `inputs.import-tree ./modules`: every Nix file below a folder, by import-tree's rules: nothing whose path below the
# root contains "/_", symbolic links to files but not to folders.
{ lib }:
let
  filesBelow =
    folder:
    let
      entries = builtins.readDir folder;
      visit =
        name:
        let
          path = folder + "/${name}";
          kind = if entries.${name} == "unknown" then builtins.readFileType path else entries.${name};
        in
        if lib.hasPrefix "_" name then
          [ ]
        else if kind == "directory" then
          filesBelow path
        else if lib.hasSuffix ".nix" name then
          [ path ]
        else
          [ ];
    in
    builtins.concatMap visit (builtins.attrNames entries);
  isFolder = path: builtins.pathExists path && builtins.readFileType path == "directory";
in
{
  __functor = _: root: {
    imports = builtins.concatMap (path: if isFolder path then filesBelow path else [ path ]) (lib.toList root);
  };
  inherit filesBelow;
}
