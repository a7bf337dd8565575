# $1 transaction as JSON, $2 job, $3 `unit` or `process`, $4 seconds after which it is killed, $5 seconds for the way back, $6 an older
# job whose memory of the units it takes over, or "", $7 the supervisor's hash. Before this script stand supervisor_text, job_env,
# committing_json and token.
# Prints `started`, or `there` for a job that exists: a job never runs twice.
transaction=$1
job=$2
how=$3
seconds=$4
back=$5
heir_of=$6
supervisor=$state/supervisor-$7.sh

# The claim is given back: what could not be started may be tried again.
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
  if [ ! -f "$supervisor" ]; then
    supervisor_text >"$supervisor.new.$$" && chmod 700 "$supervisor.new.$$" && sync && mv -f "$supervisor.new.$$" "$supervisor" || give_up
  fi
  job_env >"$folder/job.env" && committing_json >"$folder/committing.json" || give_up
  if [ -n "$token" ]; then printf '%s\n' "$token" >"$folder/token" || give_up; fi
  if [ -n "$heir_of" ] && [ -s "$state/jobs/$heir_of/units-before" ]; then cp "$state/jobs/$heir_of/units-before" "$folder/units-before" || give_up; fi
  for old in "$state"/jobs/* "$state"/supervisor-*.sh; do
    case $old in
      "$folder" | "$supervisor") ;;
      "$state/jobs/${job%-*}"-*) rm -rf "$old" ;; # an earlier attempt at the same
      "$state/jobs/${job%%-*}"-*) ;;
      *) rm -rf "$old" ;;
    esac
  done
  write_atomically "$state/transaction.json" "$transaction" || give_up
  if [ "$how" = unit ]; then
    # A unit of its own survives the death of this session and systemd's re-execution; --no-block: a waiting client survives neither.
    systemd-run --unit="pulumi-clan-$job" --description="pulumi-clan $job" --no-block --collect --quiet --no-ask-password \
      --service-type=exec --property="RuntimeMaxSec=$seconds" --property="TimeoutStopSec=$back" --property=KillSignal=SIGKILL \
      --property="ExecStopPost=/bin/sh $supervisor end $folder" -- /bin/sh "$supervisor" run "$folder" || give_up
  else
    # From the session's own process, not from launchd: macOS grants its privacy permissions to sshd's children.
    # The outer shell outlives the supervisor, and ends what it left.
    nohup /bin/sh -c 'echo "$$" >"$2/guard"; /bin/sh "$1" run "$2"; /bin/sh "$1" end "$2"' sh "$supervisor" "$folder" >/dev/null 2>&1 &
  fi
  echo started
} </dev/null
