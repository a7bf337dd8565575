# The loader is the host's: a simulated host boots entries of the Boot Loader Specification, whatever its configuration
# names. Only a host without any loader gets the one that is wanted.
set -eu
PATH=/usr/bin:/bin:/usr/sbin:/sbin
default=$1
found=
[ ! -e "$esp/grub/grub.cfg" ] || found=grub
[ ! -e "$esp/loader/loader.conf" ] || found=systemd-boot
if [ "$found" = grub ] && [ "$wanted" = systemd-boot ] && [ "${NIXOS_INSTALL_BOOTLOADER-}" != 1 ]; then
  echo "Could not find any previously installed systemd-boot" >&2
  exit 1
fi
if [ "$wanted" = systemd-boot ]; then found=$wanted; fi
case ${found:-$wanted} in
  grub) . "$grub" ;;
  systemd-boot) . "$systemd_boot" ;;
esac
