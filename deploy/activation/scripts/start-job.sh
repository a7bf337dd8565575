# $1 transaction as JSON, $2 job, $3 its transaction's id, $4 `unit` or `process`, $5 seconds it may take, $6 what to run, as a script.
# Prints `started`, or `there` for a job that exists: a job never runs twice.
transaction=$1
job=$2
id=$3
how=$4
seconds=$5
text=$6

# Its command line holds the job's name: that is how is_alive knows it.
# In files, since systemd expands `$` in a unit's command line.
wrapper='folder=$1 seconds=$2
kill_tree() {
  kill -STOP "$1" 2>/dev/null
  for child in $(ps -A -o pid= -o ppid= | awk -v parent="$1" "\$2 == parent { print \$1 }"); do kill_tree "$child"; done
  kill -KILL "$1" 2>/dev/null
}
watch() {
  while kill -0 "$1" 2>/dev/null; do
    if [ "$seconds" -le 0 ]; then
      kill -KILL "$$" # first: a job that was stopped has no code
      kill_tree "$1"
    fi
    seconds=$((seconds - 1))
    sleep 1
  done
}
echo "$$" >"$folder/pid.new" && mv -f "$folder/pid.new" "$folder/pid"
if [ -n "$seconds" ]; then
  /bin/sh "$folder/run.sh" >"$folder/log" 2>&1 </dev/null &
  main=$!
  watch "$main" &
  wait "$main"
else
  /bin/sh "$folder/run.sh" >"$folder/log" 2>&1 </dev/null
fi
code=$?
printf "%s\n" "$code" >"$folder/status.new" && sync && mv -f "$folder/status.new" "$folder/status"'

give_up() {
  rm -rf "$folder"
  exit 1
}

{
  folder=$state/jobs/$job
  mkdir -p "$state/jobs" && chmod 700 "$state" || exit 1
  # The folder is the claim: a second call may come before the job has written its pid.
  if ! mkdir "$folder" 2>/dev/null; then
    [ -d "$folder" ] || exit 1
    echo there
    exit 0
  fi
  for old in "$state"/jobs/*; do
    case $old in "$state/jobs/$id"-*) ;; *) rm -rf "$old" ;; esac
  done
  printf '%s\n' "$text" >"$folder/run.sh" && printf '%s\n' "$wrapper" >"$folder/job.sh" || give_up
  write_atomically "$state/transaction.json" "$transaction" || give_up
  if [ "$how" = unit ]; then
    # A unit of its own survives the death of this session and systemd's re-execution; --no-block: a waiting client survives neither.
    systemd-run --unit="pulumi-clan-$job" --description="pulumi-clan $job" --no-block --collect --quiet --no-ask-password \
      --service-type=exec --property="RuntimeMaxSec=$seconds" -- /bin/sh "$folder/job.sh" "$folder" || give_up
  else
    # From the session's own process, not from launchd: macOS grants its privacy permissions to sshd's children.
    # Nobody but the job itself keeps its time there.
    nohup /bin/sh "$folder/job.sh" "$folder" "$seconds" >/dev/null 2>&1 &
  fi
  echo started
} </dev/null
