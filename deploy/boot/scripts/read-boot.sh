# $1 a toplevel or "". What was booted, runs and shall run, and the loader's own files. Lines `key<TAB>value`, files in base64.
emit_file() {
  if [ -f "$2" ]; then printf '%s\t%s\t%s\n' "$1" "$2" "$(head -c 1000000 "$2" | base64 | tr -d '\n')"; fi
}

# The block device below a mount point, by the last mount on it.
device_of() { awk -v point="$1" '$2 == point { found = $1 " " $3 } END { print found }' /proc/mounts; }

# A device or one below it is encrypted.
is_encrypted() {
  if grep -q '^CRYPT-' "/sys/class/block/$1/dm/uuid" 2>/dev/null; then return 0; fi
  for below in "/sys/class/block/$1/slaves"/*; do
    if [ -e "$below" ] && is_encrypted "$(basename "$below")"; then return 0; fi
  done
  return 1
}

root_facts() {
  mounted=$(device_of /)
  case $mounted in
    *' zfs')
      if command -v zfs >/dev/null && [ "$(zfs get -Ho value keylocation "${mounted% zfs}" 2>/dev/null)" = prompt ]; then emit root.encrypted yes; fi
      ;;
    /dev/*)
      device=$(resolve "${mounted%% *}")
      if is_encrypted "$(basename "$device")"; then emit root.encrypted yes; fi
      ;;
  esac
}

reset_facts() {
  if [ -r /proc/sys/kernel/panic ]; then emit reset.panic "$(cat /proc/sys/kernel/panic)"; fi
  if [ "$(cat /sys/class/watchdog/watchdog0/state 2>/dev/null)" = active ]; then
    emit reset.watchdog "$(cat /sys/class/watchdog/watchdog0/identity 2>/dev/null)"
  fi
}

loader_facts() {
  for folder in /boot /efi /boot/efi; do
    emit_file loader.conf "$folder/loader/loader.conf"
    for entry in "$folder"/loader/entries/*.conf; do emit_file entry "$entry"; done
    for image in "$folder"/EFI/Linux/*.efi; do
      if [ -f "$image" ]; then emit image "$image"; fi
    done
  done
  emit_file grub.cfg /boot/grub/grub.cfg
  emit_file grubenv /boot/grub/grubenv
  emit_file extlinux.conf /boot/extlinux/extlinux.conf
  folder=/boot/grub
  while [ "$folder" != / ]; do
    if [ -n "$(device_of "$folder")" ]; then break; fi
    folder=$(dirname "$folder")
  done
  emit grub.device "$(device_of "$folder")"
  if command -v bootctl >/dev/null; then emit bootctl yes; fi
  # Attributes in 4 bytes, then UTF-16.
  oneshot=/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
  if [ -r "$oneshot" ]; then emit oneshot "$(tail -c +5 "$oneshot" | tr -d '\000')"; fi
}

{
  kernel_facts booted "$(resolve /run/booted-system)"
  kernel_facts running "$(resolve /run/current-system)"
  kernel_facts profile "$(resolve "$profile")"
  kernel_facts wanted "$1"
  loader_facts
  root_facts
  reset_facts
} </dev/null
