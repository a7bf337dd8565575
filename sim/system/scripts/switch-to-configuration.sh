# Stand-in for NixOS' switch-to-configuration: manages the units of the host's own systemd, in the real one's order.
# The wrapper in the toplevel sets OUT, INSTALL_BOOTLOADER, PRE_SWITCH_CHECK and LOG_ACTIVATION.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin
action=${1-}
case $action in
  check | switch | boot | test | dry-activate) ;;
  *)
    cat << USAGE >&2
Usage: $0 [check|switch|boot|test|dry-activate]
check:        run pre-switch checks and exit
switch:       make the configuration the boot default and activate now
boot:         make the configuration the boot default
test:         activate the configuration, but don't make it the boot default
dry-activate: show what would be done if this configuration were activated
USAGE
    exit 1
    ;;
esac
if [ "$(id -u)" != 0 ]; then
  echo "$0 must be run as the root user" >&2
  exit 1
fi
if [ ! -e /etc/NIXOS ] && ! grep -q '^ID="\{0,1\}nixos' /etc/os-release; then
  echo "This is not a NixOS installation!" >&2
  exit 1
fi
export NIXOS_ACTION="$action"
state=/run/nixos
mkdir -p "$state"

# Before the lock: who is kept out by it has been started all the same.
case $action in
  switch | boot | test)
    . "$LOG_ACTIVATION"
    log_activation "$action" "$OUT"
    ;;
esac

# Not waited for. Nobody who starts a process below passes descriptor 9 on.
exec 9> "$state/switch-to-configuration.lock"
if ! flock --nonblock 9; then
  echo "Could not acquire lock" >&2
  exit 11
fi

say() { echo "$*" >&2; }
record() { logger -t nixos "$*" 9>&- || :; }

if [ "${NIXOS_NO_CHECK-}" != 1 ]; then
  if ! /bin/sh "$PRE_SWITCH_CHECK" "$OUT" "$action" 9>&-; then
    say "Pre-switch checks failed"
    exit 1
  fi
fi
if [ "$action" = check ]; then exit 0; fi

if [ "$action" = switch ] || [ "$action" = boot ]; then
  if ! "$INSTALL_BOOTLOADER" "$OUT" 9>&-; then
    say "Failed to install bootloader"
    exit 1
  fi
fi
if [ "$action" != dry-activate ] && [ "${NIXOS_NO_SYNC-}" != 1 ]; then sync -f /nix/store; fi
if [ "$action" = boot ]; then exit 0; fi

old_units=/etc/static/systemd/system
new_units=$OUT/etc/systemd/system
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for list in stop start restart reload skip; do : > "$work/$list"; done
exit_code=0

# One unit per line, each once, in the order of first mention.
names() { awk 'NF && !seen[$0]++' "$work/$1"; }
shown() { names "$1" | sort | paste -sd ' ' | sed 's/ /, /g'; }
plan() { echo "$2" >> "$work/$1"; }
# Survives us: the next call goes on where this one was stopped.
remember() {
  if [ "$action" != dry-activate ]; then echo "$2" >> "$state/$1-list"; fi
}
for list in start restart reload; do
  if [ -e "$state/$list-list" ]; then cat "$state/$list-list" >> "$work/$list"; fi
done

# Lines "unit load active sub" of all units that are loaded.
systemctl list-units --all --full --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }' > "$work/before"
active_state() { awk -v unit="$1" '$1 == unit { print $3 }' "$work/before"; }
is_running() { case $(active_state "$1") in active | activating | reloading) return 0 ;; *) return 1 ;; esac; }

# foo@bar.service is described by foo@.service.
base_unit() {
  case $1 in
    *@*.*) echo "${1%%@*}@.${1##*.}" ;;
    *) echo "$1" ;;
  esac
}
# What a running unit does not notice stays out of the comparison.
effective_text() {
  sed -E '/^(Description|Documentation|OnFailure|OnSuccess|OnFailureJobMode|IgnoreOnIsolate|StopWhenUnneeded|RefuseManualStart|RefuseManualStop|AllowIsolate|CollectMode|SourcePath)=|^\[Unit\]$|^$/d' "$1"
}
reload_keys='^(X-Reload-Triggers|ExecReload)='
without_reload_keys() { effective_text "$1" | grep -vE "$reload_keys"; }
says() { grep -q "^$2$" "$new_units/$(base_unit "$1")"; }

plan_changed() { # unit: running, in both systems, with another text
  unit=$1
  case $unit in
    *.target | *.path | *.slice | *.socket) return ;;
    *.mount)
      plan reload "$unit"
      remember reload "$unit"
      return
      ;;
  esac
  if says "$unit" X-ReloadIfChanged=true; then
    plan reload "$unit"
    remember reload "$unit"
  elif says "$unit" X-RestartIfChanged=false || says "$unit" RefuseManualStop=true || says "$unit" X-OnlyManualStart=true; then
    plan skip "$unit"
  elif says "$unit" X-StopIfChanged=false; then
    plan restart "$unit"
    remember restart "$unit"
  else
    plan stop "$unit"
    socket=${unit%.service}.socket
    if [ "$socket" != "$unit" ] && [ -e "$new_units/$socket" ] && is_running "$socket"; then
      plan stop "$socket"
      unit=$socket
    fi
    plan start "$unit"
    remember start "$unit"
  fi
}

plan_running_units() {
  [ -d "$old_units" ] || return 0
  while read -r unit _ active _; do
    case $active in active | activating | reloading) ;; *) continue ;; esac
    base=$(base_unit "$unit")
    old=$old_units/$base
    new=$new_units/$base
    [ -f "$old" ] || continue
    if [ ! -e "$new" ] || [ "$(readlink -f "$new")" = /dev/null ]; then
      # Stopped, and recorded nowhere.
      grep -q '^X-StopOnRemoval=false$' "$old" || plan stop "$unit"
    elif [ "$(readlink -f "$old")" = "$(readlink -f "$new")" ]; then
      :
    elif [ "$(effective_text "$old")" = "$(effective_text "$new")" ]; then
      :
    elif [ "$(without_reload_keys "$old")" = "$(without_reload_keys "$new")" ]; then
      # What can no longer be reloaded is left as it runs.
      if grep -qE "$reload_keys" "$new"; then
        plan reload "$unit"
        remember reload "$unit"
      fi
    else
      plan_changed "$unit"
    fi
  done < "$work/before"
}

# Every inactive unit that an active target wants is started, changed or not: also what was stopped with another one.
plan_wanted_units() {
  for folder in "$new_units"/*.wants "$new_units"/*.requires; do
    [ -d "$folder" ] || continue
    target=${folder##*/}
    target=${target%.*}
    case $(active_state "$target") in active | activating) ;; *) continue ;; esac
    for link in "$folder"/*; do
      unit=${link##*/}
      if grep -qxF -e "$unit" "$work/start"; then continue; fi
      if ! is_running "$unit" && ! says "$unit" X-OnlyManualStart=true; then
        plan start "$unit"
        remember start "$unit"
      fi
    done
  done
}

plan_running_units
plan_wanted_units

if [ "$action" = dry-activate ]; then
  [ ! -s "$work/stop" ] || say "would stop the following units: $(shown stop)"
  [ ! -s "$work/skip" ] || say "would NOT stop the following changed units: $(shown skip)"
  say "would activate the configuration..."
  [ ! -s "$work/reload" ] || say "would reload the following units: $(shown reload)"
  [ ! -s "$work/restart" ] || say "would restart the following units: $(shown restart)"
  [ ! -s "$work/start" ] || say "would start the following units: $(shown start)"
  exit 0
fi

record "switching to system configuration $OUT"
if [ -s "$work/stop" ]; then
  say "stopping the following units: $(shown stop)"
  # shellcheck disable=SC2046 # one word per unit
  systemctl stop -- $(names stop) 9>&- || :
fi
[ ! -s "$work/skip" ] || say "NOT restarting the following changed units: $(shown skip)"

old_systemd=$(readlink -f /run/current-system/systemd)
say "activating the configuration..."
"$OUT/activate" "$OUT" 9>&- || exit_code=2

# Activation scripts may ask for units, too.
for list in restart reload; do
  asked=$state/activation-$list-list
  if [ -e "$asked" ]; then
    while read -r unit; do
      plan "$list" "$unit"
      remember "$list" "$unit"
    done < "$asked"
    rm -f "$asked"
  fi
done

if [ -n "$old_systemd" ] && [ "$old_systemd" != "$(readlink -f "$OUT/systemd")" ]; then
  say "restarting systemd..."
  systemctl daemon-reexec 9>&- || exit 1
fi
systemctl reset-failed 9>&-
if ! systemctl daemon-reload 9>&-; then
  say "Failed to reload the systemd daemon"
  exit 1
fi

# A child for each logged-in user, waited for without a limit.
for uid in $(loginctl list-users --no-legend --no-pager 2> /dev/null | awk '{ print $1 }'); do
  [ -S "/run/user/$uid/systemd/private" ] || continue
  say "reloading user units for $(id -nu "$uid")..."
  setpriv --reuid "$uid" --regid "$(id -g "$uid")" --init-groups env XDG_RUNTIME_DIR="/run/user/$uid" \
    systemctl --user daemon-reload 9>&- || exit_code=4
done

systemctl list-units --all --full --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }' > "$work/stopped"
mv "$work/before" "$work/before-stop"
mv "$work/stopped" "$work/before"
plan_wanted_units
mv "$work/before-stop" "$work/before"

act() { # verb list text
  if [ -s "$work/$2" ]; then
    say "$3 the following units: $(shown "$2")"
    # shellcheck disable=SC2046 # one word per unit
    systemctl "$1" -- $(names "$2") 9>&- || exit_code=4
  fi
  rm -f "$state/$2-list"
}
act reload-or-restart reload reloading
act restart restart restarting
act start start starting

# Quiet for 250 ms, or 90 s at most: a service that exits at once has failed by then.
rounds=0
while [ "$rounds" -lt 360 ]; do
  sleep 0.25
  [ -n "$(systemctl list-jobs --no-legend --no-pager 2> /dev/null)" ] || break
  rounds=$((rounds + 1))
done

systemctl list-units --all --full --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }' > "$work/after"
new=$(awk 'NR == FNR { if ($3 == "active") before[$1] = 1; next } $3 == "active" && $1 ~ /\.(service|timer|socket|path|mount)$/ && !before[$1] { print $1 }' \
  "$work/before" "$work/after" | grep -vxF -f "$work/start" -f "$work/restart" | sort | paste -sd ' ' | sed 's/ /, /g')
[ -z "$new" ] || say "the following new units were started: $new"

failed=$(awk '$3 == "failed" || $4 == "auto-restart" { print $1 }' "$work/after")
if [ -n "$failed" ]; then
  say "warning: the following units failed: $(echo "$failed" | sort | paste -sd ' ' | sed 's/ /, /g')"
  # shellcheck disable=SC2086 # one word per unit
  systemctl status --no-pager --full --lines 10 -- $failed 9>&- >&2 || :
  exit_code=4
fi

if [ "$exit_code" = 0 ]; then
  record "finished switching to system configuration $OUT"
else
  record "switching to system configuration $OUT failed (status $exit_code)"
fi
exit "$exit_code"
