# Units that ran before a test, and the way back to them. Needs class and folder, and the supervisor's clock and within.
active_units() {
  if [ "$class" = darwin ]; then return; fi
  systemctl list-units --plain --no-legend --no-pager --state=active --type=service,socket,timer,path,mount,target |
    while read -r unit _; do printf '%s\n' "$unit"; done | sort
}

# Units that were active and are not, of those that still exist as files and not by somebody's call.
missing_units() {
  active_units >"$folder/units-now"
  while read -r unit; do
    if grep -qxF -e "$unit" "$folder/units-now"; then continue; fi
    case $unit in *@[0-9]*-*) continue ;; esac # one connection's instance of a socket's service
    case $(systemctl show --property=LoadState,Transient -- "$unit" 2>/dev/null | sort | tr '\n' ' ') in
      'LoadState=loaded Transient=no '*) printf '%s\n' "$unit" ;;
    esac
  done <"$folder/units-before"
}

# All together for as long as one way back may take: a unit that hangs while it starts must not keep us from the verdict.
start_missing() {
  missing_units >"$folder/units-missing"
  not_started=''
  clock
  limit=$((now + rollback_seconds))
  while read -r unit; do
    echo "pulumi-clan: starting $unit, which ran before"
    clock
    left=$((limit - now))
    if [ "$left" -lt 1 ]; then left=1; fi
    within "$left" systemctl start -- "$unit" </dev/null || not_started="$not_started $unit"
  done <"$folder/units-missing"
}

# What a killed switch-to-configuration has written down and not done. The lists stay: the next call goes on from them.
restart_listed() {
  for list in restart reload; do
    if [ ! -s "/run/nixos/$list-list" ]; then continue; fi
    while read -r unit; do systemctl reload-or-restart -- "$unit" </dev/null || :; done <"/run/nixos/$list-list"
  done
}

has_leftovers() { [ -s /run/nixos/start-list ] || [ -s /run/nixos/restart-list ] || [ -s /run/nixos/reload-list ]; }
