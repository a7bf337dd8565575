#!/bin/sh
# Brings Debian's chromium, for the tests of pages: nobody needs it to run a fleet. Exit 1: it cannot be had here.
set -eu

command -v chromium >/dev/null && exit 0
command -v apt-get >/dev/null || exit 1
as_root=
[ "$(id -u)" -eq 0 ] || as_root="sudo -n"
for arguments in "update" "install -y --no-install-recommends chromium"; do
  # shellcheck disable=SC2086 # words of a command
  $as_root env DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq $arguments >/dev/null || exit 1
done
command -v chromium >/dev/null
