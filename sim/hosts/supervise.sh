#!/bin/sh
# Keeps one container: supervise.sh CGROUP… -- COMMAND…
# Enters the host's cgroups, runs the container in their children `container`, and runs it again when the host asked for
# a reboot: systemd-nspawn with --keep-unit ends with 133 then (EXIT_FORCE_RESTART). Source: systemd 252, nspawn.c.
set -u
cgroups=
while [ "$1" != -- ]; do
  echo 0 >"$1/cgroup.procs" || exit 1
  cgroups="$cgroups $1/container"
  shift
done
shift
while :; do
  (
    for cgroup in $cgroups; do echo 0 >"$cgroup/cgroup.procs" || exit 1; done
    exec "$@"
  )
  code=$?
  [ "$code" -eq 133 ] || exit "$code"
done
