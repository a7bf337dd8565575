# $1 job, $2 bytes of its log and $3 of its events that are known, $4 seconds to wait for news.
# Prints `<state> <code or -> <bytes of the log that follow> <bytes of the events that follow>`, then events and log.
job=$1
offset=$2
known=$3
tries=$(($4 * 5))
size_of() { if [ -f "$1" ]; then printf '%s' "$(($(wc -c <"$1")))"; else printf 0; fi; }
{
  log=$state/jobs/$job/log
  while :; do
    # The state first: what is read of the log afterwards is then all there is of an ended job.
    now=$(job_state "$job")
    size=$(size_of "$log")
    happened=$(size_of "$state/jobs/$job/events")
    case $now in done* | lost) break ;; esac
    if [ "$size" -gt "$offset" ] || [ "$happened" -gt "$known" ] || [ "$tries" -le 0 ]; then break; fi
    tries=$((tries - 1))
    sleep 0.2
  done
  case $now in *' '*) ;; *) now="$now -" ;; esac
  news=$((size - offset))
  if [ "$news" -lt 0 ]; then news=0; fi
  if [ "$news" -gt 65536 ]; then news=65536; fi
  events=$((happened - known))
  if [ "$events" -lt 0 ]; then events=0; fi
  if [ "$events" -gt 65536 ]; then events=65536; fi
  printf '%s %s %s\n' "$now" "$news" "$events"
  if [ "$events" -gt 0 ]; then tail -c "+$((known + 1))" "$state/jobs/$job/events" | head -c "$events"; fi
  if [ "$news" -gt 0 ]; then tail -c "+$((offset + 1))" "$log" | head -c "$news"; fi
} </dev/null
