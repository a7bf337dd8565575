# Runs as a job. $1 declared toplevel.
if [ -e /run/current-system/sw/lib/locale/locale-archive ]; then
  LOCALE_ARCHIVE=/run/current-system/sw/lib/locale/locale-archive
  export LOCALE_ARCHIVE
fi
NIXOS_INSTALL_BOOTLOADER=0
export NIXOS_INSTALL_BOOTLOADER
exec "$1/bin/switch-to-configuration" test
