# $1 declared toplevel, or a specialisation of it. What `test` would do, in the system's own words.
{
  NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=0 "$1/bin/switch-to-configuration" dry-activate 2>&1 | tail -n 100
} </dev/null
