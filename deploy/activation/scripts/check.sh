# $1 declared toplevel. What it is, before anything of it runs. Lines `key<TAB>value`.
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

{
  if [ -e "$1" ]; then emit present yes; else emit present no; fi
  emit system "$(read_file "$1/system")"
  if [ -e "$1/nixos-version" ]; then emit marker nixos; fi
  if [ -e "$1/darwin-version" ] || [ -e "$1/darwin-version.json" ]; then emit marker darwin; fi
  if [ -e "$1/boot.json" ]; then emit bootable yes; else emit bootable no; fi
  emit init-interface "$(read_file "$1/init-interface-version")"
  emit current.init-interface "$(read_file /run/current-system/init-interface-version)"
  read_boot_default
  if [ "$boot_kind" = systemd-boot ]; then emit boot.need "$(boot_need "$1")"; else emit boot.need 0; fi
} </dev/null
