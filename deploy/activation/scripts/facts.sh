# $1 a toplevel or "". Prints what there is to know about the host, a line a fact: `key<TAB>value`.
emit() {
  case $2 in
    *[[:cntrl:]]*) value=$(printf '%s' "$2" | tr '\n\t' '  ' | tr -d '\000-\037\177') ;;
    *) value=$2 ;; # nearly always; four processes for each fact were most of what a look at a host cost it
  esac
  printf '%s\t%.65536s\n' "$1" "$value"
}

free_kib() {
  df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

each() {
  key=$1
  while read -r name rest; do
    if [ -n "$name" ]; then printf '%s\t%s\n' "$key" "$name"; fi
  done
}

marker=''
host_facts() {
  emit login.uid "${SUDO_UID:-$(id -u)}"
  emit uid "$(id -u)"
  emit hostname "$(uname -n)"
  emit kernel "$(uname -s)"
  emit arch "$(uname -m)"
  if [ -e /System/Library/CoreServices/SystemVersion.plist ] || [ -e /run/current-system/darwin-version ] || [ -e /run/current-system/darwin-version.json ]; then
    marker=darwin
    emit marker darwin
  fi
  if [ -e /etc/NIXOS ] || [ -e /run/current-system/nixos-version ]; then emit marker nixos; fi
  emit boot-id "$(boot_id)"
  emit current "$(resolve /run/current-system)"
  if [ -e /run/current-system/boot.json ]; then emit bootable yes; else emit bootable no; fi
  emit booted "$(resolve /run/booted-system)"
  emit profile "$(resolve "$profile")"
  if [ -L "$profile" ]; then emit generation "$(readlink "$profile")"; fi
  for tool in nix-store nix-env nix-daemon; do emit "tool.$tool" "$(nix_tool "$tool")"; done
  if [ -d /nix ]; then emit free.nix "$(free_kib /nix)"; else emit free.nix "$(free_kib /)"; fi
  if [ -d /boot ]; then emit free.boot "$(free_kib /boot)"; fi
  if grep -Eq '^[^#]+[[:space:]]/boot[[:space:]]' /etc/fstab 2>/dev/null; then
    if awk '$2 == "/boot" { found = 1 } END { exit !found }' /proc/mounts; then emit boot.mounted yes; else emit boot.mounted no; fi
  fi
}

# Nothing on a host says of what a running system is a specialisation: the systems that may be asked about are compared.
specialisation_facts() {
  current=$(resolve /run/current-system)
  seen=''
  for parent in "$1" "$(resolve "$profile")"; do
    if [ -z "$parent" ] || [ "$parent" = "$seen" ]; then continue; fi
    seen=$parent
    for link in "$parent"/specialisation/*; do
      if [ -L "$link" ] && [ "$(resolve "$link")" = "$current" ]; then emit specialisation "$parent $(basename "$link")"; fi
    done
  done | head -n 200
}

boot_facts() {
  read_boot_default "$(loader_of "$(resolve "$profile")")"
  emit boot.kind "$boot_kind"
  emit boot.entry "$boot_entry"
  emit boot.init "$boot_init"
  if boot_files_present; then emit boot.files yes; else emit boot.files no; fi
  if [ -L /nix/var/nix/profiles/system-profiles/pulumi_clan_trial ]; then emit boot.trial yes; fi
}

unit_facts() {
  for list in start restart reload; do
    if [ -s "/run/nixos/$list-list" ]; then each "leftover.$list" <"/run/nixos/$list-list" | head -n 1000; fi
  done
  if [ "$marker" = darwin ] || ! command -v systemctl >/dev/null || [ ! -d /run/systemd/system ]; then return; fi
  systemctl list-units --all --plain --no-legend --no-pager --state=failed | each unit.failed | head -n 1000
  # Failed, and waiting to be started again: "activating" by its state. Source: switch-to-configuration-ng, which asks alike.
  systemctl list-units --plain --no-legend --no-pager --type=service --state=auto-restart,auto-restart-queued |
    while read -r unit _; do
      if [ "$(systemctl show --property=Result --value -- "$unit")" != success ]; then printf 'unit.failed\t%s\n' "$unit"; fi
    done | head -n 100
  systemctl show --property=Id,NRestarts '*.service' 2>/dev/null |
    awk -F= '$1 == "Id" { unit = $2 } $1 == "NRestarts" { count = $2 } $0 == "" { if (count > 0) print "unit.restarts\t" unit " " count; count = 0 }
      END { if (count > 0) print "unit.restarts\t" unit " " count }' | head -n 1000
  systemctl list-units --plain --no-legend --no-pager --state=active --type=service,socket,timer,path,mount,target |
    each unit.active | head -n 4000
}

own_facts() {
  if [ "$(id -u)" != 0 ]; then return; fi
  if [ -f "$state/owner.json" ]; then emit owner "$(cat "$state/owner.json")"; fi
  if [ -f "$state/transaction.json" ]; then emit transaction "$(cat "$state/transaction.json")"; fi
  if [ -f "$state/lock" ]; then emit lock "$(cat "$state/lock")"; fi
  for folder in "$state"/jobs/*; do
    if [ -d "$folder" ]; then emit job "$(basename "$folder") $(job_state "$(basename "$folder")")"; fi
  done
}

{
  host_facts
  specialisation_facts "$1"
  boot_facts
  unit_facts
  own_facts
  emit end "$(date +%s)"
} </dev/null
