# $1 declared toplevel, $2 what of it shall run: itself, or a specialisation. What it is, before anything of it runs. Lines `key<TAB>value`.
emit() { printf '%s\t%s\n' "$1" "$(printf '%s' "$2" | tr -d '\000-\037\177' | head -c 4096)"; }
read_file() { if [ -f "$1" ]; then head -c 4096 "$1"; fi; }

# Kilobytes that the boot partition must take up: nothing for files that are there already. Names: systemd-boot-builder.py, copy_from_file.
boot_need() {
  need=0
  for file in "$1/kernel" "$1/initrd"; do
    real=$(resolve "$file")
    if [ -z "$real" ]; then continue; fi
    name=$(basename "$(dirname "$real")")-$(basename "$real").efi
    if [ ! -f "$boot_root/EFI/nixos/$name" ]; then need=$((need + ($(wc -c <"$real") + 1023) / 1024)); fi
  done
  printf '%s' "$need"
}

# A changed init interface: switch-to-configuration ends with 100. Changed inhibitors: its pre-switch check refuses all but `boot`.
reboot_facts() {
  old=$(read_file /run/current-system/init-interface-version)
  new=$(read_file "$1/init-interface-version")
  if [ -n "$old" ] && [ -n "$new" ] && [ "$old" != "$new" ]; then emit boot-only "its init interface is \"$new\", the running one's \"$old\""; fi
  # The new system makes the check: one without the file makes none.
  if [ -f /run/current-system/switch-inhibitors ] && [ -f "$1/switch-inhibitors" ] && ! cmp -s /run/current-system/switch-inhibitors "$1/switch-inhibitors"; then
    emit boot-only "its switch inhibitors are not the running system's"
  fi
}

kernel_changes() {
  for part in kernel initrd; do
    new=$(resolve "$1/$part")
    if [ -n "$new" ] && [ -e /run/booted-system ] && [ "$new" != "$(resolve /run/booted-system/$part)" ]; then emit reboot-for "$part"; fi
  done
}

{
  if [ -e "$1" ]; then emit present yes; else emit present no; fi
  emit system "$(read_file "$1/system")"
  if [ -e "$1/nixos-version" ]; then emit marker nixos; fi
  if [ -e "$1/darwin-version" ] || [ -e "$1/darwin-version.json" ]; then emit marker darwin; fi
  if [ -e "$1/boot.json" ]; then emit bootable yes; else emit bootable no; fi
  reboot_facts "$2"
  kernel_changes "$1"
  emit loader.declared "$(loader_of "$1")"
  emit loader.present "$(loader_of "$(resolve "$profile")")"
  read_boot_default "$(loader_of "$1")"
  if [ "$boot_kind" = systemd-boot ]; then emit boot.need "$(boot_need "$1")"; else emit boot.need 0; fi
} </dev/null
