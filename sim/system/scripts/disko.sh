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
mkdir -p /simulated-disk /mnt
chmod 755 /simulated-disk
mount --bind /simulated-disk /mnt
