#!/bin/sh
# Stand-in of disko's script: forgets what the simulated disk holds and mounts an empty one at /mnt.
set -eu
for device in @devices@; do
  [ -b "$(readlink -f "$device")" ] || { echo "disko: no block device $device" >&2; exit 1; }
  echo "disko: wipes $device"
done
! mountpoint -q /mnt/boot || umount /mnt/boot
! mountpoint -q /mnt || umount /mnt
rm -rf /simulated-disk
find /boot -mindepth 1 -delete
echo blank >/usr/lib/simulated-host/kind
cat >/usr/lib/simulated-host/partitions <<'END'
NAME="/dev/sda" TYPE="disk" SIZE="107374182400" FSTYPE="" LABEL="" PARTLABEL="" MOUNTPOINT=""
NAME="/dev/sda1" TYPE="part" SIZE="536870912" FSTYPE="vfat" LABEL="" PARTLABEL="disk-main-ESP" MOUNTPOINT=""
NAME="/dev/sda2" TYPE="part" SIZE="106836262912" FSTYPE="ext4" LABEL="" PARTLABEL="disk-main-root" MOUNTPOINT=""
END
mkdir -p /simulated-disk /mnt
chmod 755 /simulated-disk
mount --bind /simulated-disk /mnt
