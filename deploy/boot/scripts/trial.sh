# The trial's own profile and its entries. $1 action.
profiles=/nix/var/nix/profiles/system-profiles
trial=$profiles/pulumi_clan_trial

# The system that boots by default writes the entries: it keeps itself as the default, and its loader is the installed one.
write_entries() {
  old=$(resolve "$profile")
  if [ ! -x "$old/bin/switch-to-configuration" ]; then
    echo "the system profile names no system"
    return 1
  fi
  NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=0 "$old/bin/switch-to-configuration" boot
}

stage() {
  mkdir -p "$profiles" && "$(nix_tool nix-env)" -p "$trial" --set "$1" && write_entries
}

clear() {
  there=''
  for link in "$trial" "$trial"-*-link; do
    if [ -L "$link" ]; then
      there=yes
      rm -f "$link" || return 1
    fi
  done
  if [ -n "$there" ]; then write_entries; fi
}

# Each argument: places of one file, separated by colons. A file that is nowhere can be on a drive that is not mounted here.
present() {
  for places in "$@"; do
    named=''
    found=''
    IFS=:
    for place in $places; do
      named=${named:-$place}
      if [ -s "$place" ]; then found=yes; fi
    done
    unset IFS
    if [ -z "$found" ]; then
      echo "the entry names $named, which is not there"
      return 1
    fi
  done
}

grubenv() {
  file=/boot/grub/grubenv
  printf '%s' "$1" | base64 -d >"$file.new" && [ "$(wc -c <"$file.new")" -eq 1024 ] && sync && mv -f "$file.new" "$file" && sync
}

action=$1
shift
{
  case $action in
    stage | clear | present | grubenv) "$action" "$@" ;;
    bootctl) bootctl set-oneshot "$1" ;;
    *) exit 2 ;;
  esac
} </dev/null
