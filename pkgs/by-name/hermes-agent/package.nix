# Hands messages from one spool folder to another.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "hermes-agent";
  runtimeInputs = [ coreutils ];
  text = ''
    spool=''${STATE_DIRECTORY:-/var/lib/hermes-agent}
    mkdir -p "$spool/in" "$spool/out"
    echo "hermes-agent: carries messages from $spool/in to $spool/out"
    while sleep 10; do
      for message in "$spool"/in/*; do
        if [ -e "$message" ]; then mv "$message" "$spool/out/"; fi
      done
    done
  '';
}
