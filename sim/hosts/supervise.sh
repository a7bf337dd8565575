#!/bin/sh
# Keeps one container: supervise.sh CGROUP… -- COMMAND…
# Enters the host's cgroups, runs the container, and runs it again when the host asked for a reboot.
# systemd-nspawn with --keep-unit ends with 133 then (EXIT_FORCE_RESTART). Source: systemd 252, src/nspawn/nspawn.c.
set -u
while [ "$1" != -- ]; do
  echo $$ >"$1/cgroup.procs" || exit 1
  shift
done
shift
while :; do
  "$@"
  code=$?
  [ "$code" -eq 133 ] || exit "$code"
done
