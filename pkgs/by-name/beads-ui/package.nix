# A board over the issues in a folder, drawn again every minute.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "beads-ui";
  runtimeInputs = [ coreutils ];
  text = ''
    folder=''${1:-/var/lib/beads}
    draw() {
      echo "board of $folder"
      for issue in "$folder"/*.md; do
        if [ -e "$issue" ]; then head -n 1 "$issue"; fi
      done
    }
    draw
    while sleep 60; do draw; done
  '';
}
