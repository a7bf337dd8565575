# The supervisor of one job. It needs nothing of the new system, nor the client that started it.
# $1 `run`, `end` (after its death: rolls back when there is no verdict) or one of its own calls; $2 the job's folder. In it:
#   job.env  what to do          token   who may give orders      order   `acknowledge|rollback|close <token>`
#   events   JSON lines          log     all that was printed     status  the verdict, as a number:
# 0 committed; 10 rolled back; 11 rolled back in vain; 12 closed, nothing to roll back; 13 kept without an acknowledgement;
# 14 acknowledged, not to be committed; 20 superseded; 21 to 24 not committed (commit.sh).
folder=$2

# $1 state, $2 more members as JSON; units' names may hold backslashes, which JSON would take for its own.
event() { printf '{"at":%s,"state":"%s"%s}\n' "$(date +%s)" "$1" "$(printf '%s' "${2:+,$2}" | tr -d '\\')" >>"$folder/events"; }

# $1 how it ended: a line of the host's own record of deployments. That it cannot be written changes no verdict.
remember() {
  record=$state/history
  if [ -f "$record" ] && [ "$(($(wc -l <"$record")))" -ge 1000 ]; then
    tail -n 500 "$record" >"$record.new" && mv -f "$record.new" "$record"
  fi
  printf '{"at":%s,"verdict":"%s","toplevel":"%s","owner":%s,"by":"%s"}\n' "$(date +%s)" "$1" "$declared" "$owner" "$by" >>"$record" ||
    echo "pulumi-clan: the deployment could not be written down"
}

# $1 the verdict, $2 its event, $3 more of the event.
finish() {
  event "$2" "${3-}"
  remember "$2"
  write_atomically "$folder/status" "$1"
  exit 0
}

# Sets now: seconds by a clock that nobody sets, where there is one.
clock() {
  if [ -r /proc/uptime ]; then
    read -r now _ </proc/uptime
    now=${now%%.*}
  else
    now=$(date +%s)
  fi
}

# Runs one of our own calls ($2…) for $1 seconds at most, then kills all of it. Sets code; empty: it was killed. What it
# prints stays on the host's disk and is read over the network: one that prints without end is killed, too.
bounded() {
  limit=$1
  shift
  rm -f "$folder/code"
  set -- /bin/sh "$0" "$1" "$folder" "$2"
  if [ -n "$(command -v setsid)" ]; then
    setsid "$@" &
  else
    set -m # a process group of its own
    "$@" &
    set +m
  fi
  child=$!
  clock
  limit=$((now + limit))
  most_bytes=$(($(wc -c <"$folder/log") + 33554432))
  stopped=''
  while [ -z "$stopped" ] && [ ! -s "$folder/code" ] && kill -0 "$child" 2>/dev/null; do
    clock
    if [ "$now" -ge "$limit" ]; then
      stopped='at its deadline'
    elif [ "$(wc -c <"$folder/log")" -gt "$most_bytes" ]; then
      stopped='for printing more than 32 MiB'
    else
      sleep 0.2
    fi
  done
  if [ -n "$stopped" ]; then
    kill -s KILL -- "-$child" 2>/dev/null || kill -s KILL "$child"
    echo
    echo "pulumi-clan: stopped $stopped"
  fi
  wait "$child" 2>/dev/null
  code=$(head -c 3 "$folder/code" 2>/dev/null | tr -dc '0-9')
  if [ -n "$code" ] && [ "$code" -gt 128 ]; then code=''; fi
}

# $1 seconds, … command: ended then, where the host can do that.
within() {
  within_seconds=$1
  shift
  if [ -n "$(command -v timeout)" ]; then timeout -k 5 "$within_seconds" "$@"; else "$@"; fi
}

# $1 seconds, … command: one that the policy names. Ends the shell when it fails.
hook() {
  hook_seconds=$1
  shift
  echo "pulumi-clan: hook: $*"
  within "$hook_seconds" "$@" || exit 1
}

# $1 `replace`, `commit`, `restore_files` or `restore`: the phase's own program, left on the host with what was staged. Sets secrets_result.
secrets() {
  secrets_result=nothing
  if [ ! -f "$state/secrets/phase.sh" ]; then return; fi
  /bin/sh "$state/secrets/phase.sh" "$1" >"$folder/secrets" 2>&1 </dev/null
  secrets_result=$(sed -n 's/^result	\([a-z]*\)	.*/\1/p' "$folder/secrets" | tail -n 1)
  secrets_result=${secrets_result:-failed}
  if [ "$secrets_result" = failed ]; then
    echo "pulumi-clan: secrets, $1: failed"
    tail -n 3 "$folder/secrets"
  elif [ "$secrets_result" != nothing ]; then
    echo "pulumi-clan: secrets: $secrets_result"
  fi
}

# $1 why. The way back to the recorded system. Profile and boot entries were not touched, and are not.
roll_back() {
  current=$(resolve /run/current-system)
  if [ "$current" != "$activated" ] && [ "$current" != "$previous" ]; then
    close_transaction
    finish 20 superseded "\"current\":\"$current\""
  fi
  event rolling-back "\"why\":\"$1\""
  if [ -z "$previous" ] || [ ! -e "$previous" ]; then finish 11 rollback-failed '"why":"there is no previous system"'; fi
  secrets restore_files
  not_started=''
  if [ "$class" = darwin ]; then
    bounded "$rollback_seconds" call-activate "$previous"
    # The first step that fails ends it: only a whole run is a way back.
    if [ "$code" != 0 ]; then current=''; else current=$(resolve /run/current-system); fi
  else
    bounded "$rollback_seconds" call-test-back "$previous"
    start_missing
    if [ "$(resolve /run/current-system)" != "$previous" ] || has_leftovers; then
      echo "pulumi-clan: the previous system's own switch failed; its activation script and its units are left to try"
      bounded "$rollback_seconds" call-activate "$previous"
      systemctl daemon-reload </dev/null
      restart_listed
      start_missing
    fi
    current=$(resolve /run/current-system)
  fi
  bounded "$hook_seconds_all" call-after-rollback "$previous"
  if [ "$code" != 0 ]; then echo "pulumi-clan: the hook after the rollback failed"; fi
  if [ "$current" != "$previous" ]; then finish 11 rollback-failed '"why":"the previous system does not run"'; fi
  # Only now: what ran until here needs its identity for whatever of it is started again.
  secrets restore
  if [ "$secrets_result" = failed ]; then finish 11 rollback-failed '"why":"the previous secrets could not be put back"'; fi
  if [ -n "$not_started" ]; then finish 11 rollback-failed "\"why\":\"not running as before:$not_started\""; fi
  close_transaction
  finish 10 rolled-back "\"why\":\"$1\""
}

commit() {
  event committing
  write_atomically "$state/transaction.json" "$(cat "$folder/committing.json")"
  bounded "$commit_seconds" call-commit "$declared"
  case $code in
    0)
      # What only the next boot starts leaves the identities of what runs: a later run clears them.
      if [ "$staged" = yes ]; then secrets_result=open; else secrets commit; fi
      finish 0 committed "\"secrets\":\"$secrets_result\""
      ;;
    20)
      close_transaction
      finish 20 superseded
      ;;
    '') finish 22 commit-failed ;;
    *) finish "$code" commit-failed ;;
  esac
}

# Sets order to the first valid one; empty: none came within $1 seconds. Who takes the job over has as long as who began it.
await_order() {
  order=''
  heard=''
  while :; do
    read -r token <"$folder/token"
    if [ "$token" != "$heard" ]; then
      heard=$token
      clock
      limit=$((now + $1))
    fi
    if [ -f "$folder/order" ]; then
      read -r order given why <"$folder/order"
      if [ "$given" = "$token" ]; then return; fi
      # Of one whose orders do not count any more: the next one's would come too late for ever.
      rm -f "$folder/order"
      order=''
    fi
    clock
    if [ "$now" -ge "$limit" ] && expired; then return; fi
    sleep 0.2
  done
}

# Ends the waiting, unless somebody took the job over at this very moment: who comes later sees that it is too late.
expired() {
  printf 'expired -\n' >"$folder/order.own"
  if ! ln "$folder/order.own" "$folder/order" 2>/dev/null; then
    [ ! -f "$folder/order" ] # a full disk keeps nobody from the way back
    return
  fi
  read -r token <"$folder/token"
  if [ "$token" = "$heard" ]; then return 0; fi
  rm -f "$folder/order"
  return 1
}

run() {
  echo "$$" >"$folder/pid.new" && mv -f "$folder/pid.new" "$folder/pid"
  if [ -f "$folder/status" ]; then exit 0; fi
  exec >>"$folder/log" 2>&1 </dev/null
  if [ "$action" = commit ]; then
    secrets_result=nothing
    if [ "$staged$with_secrets" = yesyes ]; then secrets replace; fi
    if [ "$secrets_result" = failed ]; then
      close_transaction
      finish 12 closed '"why":"the secrets could not be replaced"'
    fi
    commit
  fi
  if [ "$action" = rollback ]; then roll_back "told so"; fi
  if [ ! -s "$folder/units-before" ]; then active_units >"$folder/units-before"; fi
  event testing
  bounded "$hook_seconds_all" call-before-test "$declared"
  if [ "$code" != 0 ]; then
    close_transaction
    finish 12 closed '"why":"the hook before the test failed"'
  fi
  secrets_result=nothing
  if [ "$with_secrets" = yes ]; then secrets replace; fi
  if [ "$secrets_result" = failed ]; then
    secrets restore
    close_transaction
    finish 12 closed '"why":"the secrets could not be replaced"'
  fi
  if [ "$class" = darwin ]; then
    bounded "$test_seconds" call-activate "$declared"
  else
    bounded "$test_seconds" call-test "$activated"
  fi
  tested_code=$code
  event tested "\"code\":${code:-null},\"current\":\"$(resolve /run/current-system)\",\"ackSeconds\":$ack_seconds"
  await_order "$ack_seconds"
  case $order in
    acknowledge)
      if [ "$mode" = switch ]; then commit; fi
      close_transaction
      finish 14 acknowledged
      ;;
    rollback) roll_back "$(printf '%s' "$why" | tr -cd 'A-Za-z0-9 .,:;@_/()=+-' | head -c 500)" ;;
    close)
      secrets restore
      close_transaction
      finish 12 closed
      ;;
  esac
  if [ "$on_lost" = keep ]; then finish 13 kept; fi
  # Nothing of ours ever happened: there is no way back to go.
  if [ "$tested_code" = 11 ] && grep -q "Could not acquire lock" "$folder/log"; then
    secrets restore
    close_transaction
    finish 12 closed
  fi
  roll_back "no acknowledgement within $ack_seconds s"
}

# After the supervisor's end, whatever it was.
end() {
  if [ -f "$folder/status" ]; then exit 0; fi
  echo "$$" >"$folder/pid.new" && mv -f "$folder/pid.new" "$folder/pid"
  exec >>"$folder/log" 2>&1 </dev/null
  # The default boot entry is the previous system's: the reboot is the way back.
  if [ "$class" != darwin ] && [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then exit 0; fi
  echo "pulumi-clan: the supervisor was killed"
  if [ "$(tail -n 1 "$folder/events" 2>/dev/null | sed 's/.*"state":"\([a-z-]*\)".*/\1/')" = committing ]; then commit; fi
  if [ "$action" = commit ]; then finish 22 commit-failed; fi
  roll_back "the supervisor was killed"
}

# The exit code of one of our own calls, as a file: a shell cannot ask for that of a child it still runs.
# As root's shells have it and nixos-rebuild: our own mask is for our own files.
keep_code() {
  (umask 022 && "$@")
  kept=$?
  echo "$kept" >"$folder/code.new" && mv -f "$folder/code.new" "$folder/code"
}

test_back() {
  NIXOS_NO_CHECK=1
  export NIXOS_NO_CHECK
  test_system "$1"
}

activate_alone() {
  if [ "$class" = darwin ]; then activate_mac "$1"; fi
  exec "$1/activate"
}

{
  . "$folder/job.env"
  # The new system's programs may be what is broken: those of the one that ran come first.
  PATH="/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin${previous:+:$previous/sw/bin}:$PATH"
  case $1 in
    run) run ;;
    end) end ;;
    call-test) keep_code test_system "$3" ;;
    call-test-back) keep_code test_back "$3" ;;
    call-activate) keep_code activate_alone "$3" ;;
    call-commit) keep_code commit_system ;;
    call-before-test) keep_code before_test ;;
    call-after-rollback) keep_code after_rollback ;;
  esac
  exit
}
