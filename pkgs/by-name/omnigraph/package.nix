# The graph of who depends on whom, written anew every hour.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "omnigraph";
  runtimeInputs = [ coreutils ];
  text = ''
    page=''${STATE_DIRECTORY:-/var/lib/omnigraph}/graph.txt
    mkdir -p "$(dirname "$page")"
    while true; do
      { date --utc; readlink /run/current-system || true; } > "$page"
      sleep 3600
    done
  '';
}
