{
  _file = "<darwin>";
  imports = [
    ./launchd.nix
    ./darwin-toplevel.nix
  ];
}
