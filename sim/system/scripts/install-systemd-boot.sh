# Stand-in for systemd-boot's builder: `default` becomes the default if a profile has it.
entries=$esp/loader/entries
files=$esp/EFI/nixos
mkdir -p "$entries" "$files"

# /nix/store/<hash>-linux-6.12/bzImage → <hash>-linux-6.12-bzImage.efi
file_name() {
  path=$(readlink -f "$1")
  path=${path#/nix/store/}
  echo "$(echo "$path" | tr / -).efi"
}

entry_name() { # profile number
  if [ "$1" = - ]; then echo "nixos-generation-$2.conf"; else echo "nixos-$1-generation-$2.conf"; fi
}

copy_file() { # source: into the ESP unless it is there
  name=$(file_name "$1")
  if [ ! -e "$files/$name" ]; then
    if ! cp "$(readlink -f "$1")" "$files/$name.tmp"; then
      rm -f "$files/$name.tmp"
      return 1
    fi
    mv "$files/$name.tmp" "$files/$name"
  fi
}

write_entry() { # profile number toplevel
  write_file "$(entry_name "$1" "$2")" "$@" || return 1
  for special in "$3"/specialisation/*; do
    [ -e "$special" ] || continue
    special_entry=$(entry_name "$1" "$2")
    write_file "${special_entry%.conf}-specialisation-${special##*/}.conf" "$1" "$2" "$(readlink -f "$special")" || return 1
  done
}

write_file() { # entry profile number toplevel
  entry=$entries/$1
  shift
  copy_file "$3/kernel" && copy_file "$3/initrd" || return 1
  {
    if [ "$1" = - ]; then echo "title NixOS"; else echo "title NixOS [$1]"; fi
    echo "version Generation $2 NixOS $(cat "$3/nixos-version")"
    echo "linux /EFI/nixos/$(file_name "$3/kernel")"
    echo "initrd /EFI/nixos/$(file_name "$3/initrd")"
    echo "options init=$3/init $(cat "$3/kernel-params")"
    echo "sort-key nixos"
  } > "$entry.tmp"
  mv "$entry.tmp" "$entry"
}

generations=$(recent_generations)

# Old entries and files go first: a full ESP gets room, and a failure from here on leaves fewer entries than before.
keep=$(echo "$generations" | while read -r profile number toplevel; do
  if [ -z "$number" ]; then continue; fi
  entry_name "$profile" "$number"
  for special in "$toplevel"/specialisation/*; do
    special_entry=$(entry_name "$profile" "$number")
    [ ! -e "$special" ] || echo "${special_entry%.conf}-specialisation-${special##*/}.conf"
  done
done)
for entry in "$entries"/nixos-*.conf; do
  [ -e "$entry" ] || continue
  echo "$keep" | grep -qxF "${entry##*/}" || rm -f "$entry"
done
keep=$(echo "$generations" | while read -r profile number toplevel; do
  for system in "$toplevel" "$toplevel"/specialisation/*; do
    [ ! -e "$system/kernel" ] || { file_name "$system/kernel"; file_name "$system/initrd"; }
  done
done)
for file in "$files"/*; do
  [ -e "$file" ] || continue
  echo "$keep" | grep -qxF "${file##*/}" || rm -f "$file"
done

echo "$generations" | {
  while read -r profile number toplevel; do
    # The system of a host before its first deployment has an entry and no kernel.
    if [ -z "$number" ] || [ ! -e "$toplevel/kernel" ]; then continue; fi
    if ! write_entry "$profile" "$number" "$toplevel"; then
      if [ "$toplevel" = "$default" ]; then exit 1; fi
      echo "ignoring generation $number in the list of boot entries: its files could not be copied" >&2
      continue
    fi
    if [ "$toplevel" = "$default" ]; then
      {
        echo "timeout $timeout"
        echo "default $(entry_name "$profile" "$number")"
        echo "console-mode keep"
      } > "$esp/loader/loader.conf.tmp"
      mv "$esp/loader/loader.conf.tmp" "$esp/loader/loader.conf"
    fi
  done
}
