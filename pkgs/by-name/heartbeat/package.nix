# Writes a line every so many seconds: heartbeat <machine> <seconds>.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "heartbeat";
  runtimeInputs = [ coreutils ];
  text = ''
    machine=$1 seconds=$2
    echo "$machine: heart starts, one beat in $seconds s"
    while sleep "$seconds"; do echo "$machine: still here"; done
  '';
}
