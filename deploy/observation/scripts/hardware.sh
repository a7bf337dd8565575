# Prints what a system must fit, a line each: `key<TAB>value`. $1 the device that it takes for its root, or "".
# The nearest driver above a block device that is no part of the kernel itself; of several devices below it, each one's.
driver_of() {
  for below in "/sys/class/block/$1/slaves"/*; do
    if [ -e "$below" ]; then driver_of "$(basename "$below")"; fi
  done
  above=$(resolve "/sys/class/block/$1")
  while [ -n "$above" ] && [ "$above" != /sys ]; do
    if [ -L "$above/driver/module" ]; then
      module=$(basename "$(resolve "$above/driver/module")")
      # sd_mod is every SCSI disk's: its controller has the driver that differs.
      if [ -e "/sys/module/$module/initstate" ] && [ "$module" != sd_mod ]; then
        printf 'driver\t%s\n' "$module"
        return
      fi
    fi
    above=${above%/*}
  done
}

{
  printf 'arch\t%s\nkernel\t%s\n' "$(uname -m)" "$(uname -s)"
  for system in /run/current-system "$profile"-*-link; do
    if [ -f "$system/nixos-version" ]; then printf 'release\t%s\n' "$(head -c 200 "$system/nixos-version" | tr -d '\n\t')"; fi
  done
  if [ "$(uname -s)" = Linux ]; then
    # Containers see the firmware and the disks of another.
    if [ -s /run/systemd/container ] || [ -f /run/host/container-manager ]; then
      printf 'container\tyes\n'
    else
      if [ -d /sys/firmware/efi ]; then printf 'firmware\tefi\n'; elif [ -d /sys/firmware/acpi ]; then printf 'firmware\tbios\n'; fi
      root=$(awk '$2 == "/" { found = $1 } END { print found }' /proc/mounts)
      case $root in /dev/*) driver_of "$(basename "$(resolve "$root")")" ;; esac
      case $1 in
        /dev/*) if [ -e "$1" ]; then printf 'root\tyes\n'; else printf 'root\tno\n'; fi ;;
      esac
    fi
  fi
  printf 'end\tyes\n'
} </dev/null
