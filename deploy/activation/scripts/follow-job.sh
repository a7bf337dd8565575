# $1 job, $2 bytes of its log and $3 of its events that are known, $4 seconds to wait for news.
# Prints `<state> <code or -> <bytes of the log left out> <bytes of it that follow> <bytes of it still to be asked for>
# <bytes of the events that follow>` in one line, then events and log. Of a log that runs ahead of its reader only the end is told.
job=$1
offset=$2
known=$3
tries=$(($4 * 5))
size_of() { if [ -f "$1" ]; then printf '%s' "$(($(wc -c <"$1")))"; else printf 0; fi; }
{
  log=$state/jobs/$job/log
  while :; do
    # The state first, then the events: what is read of the log afterwards is then all there is of an ended job, and all that
    # was printed before an event.
    now=$(job_state "$job")
    happened=$(size_of "$state/jobs/$job/events")
    size=$(size_of "$log")
    case $now in done* | lost) break ;; esac
    if [ "$size" -gt "$offset" ] || [ "$happened" -gt "$known" ] || [ "$tries" -le 0 ]; then break; fi
    tries=$((tries - 1))
    sleep 0.2
  done
  case $now in *' '*) ;; *) now="$now -" ;; esac
  news=$((size - offset))
  if [ "$news" -lt 0 ]; then news=0; fi
  left_out=0
  if [ "$news" -gt 1048576 ]; then left_out=$((news - 196608)); fi
  rest=$((news - left_out))
  news=$rest
  if [ "$news" -gt 196608 ]; then news=196608; fi
  rest=$((rest - news))
  events=$((happened - known))
  if [ "$events" -lt 0 ]; then events=0; fi
  if [ "$events" -gt 65536 ]; then events=65536; fi
  printf '%s %s %s %s %s\n' "$now" "$left_out" "$news" "$rest" "$events"
  if [ "$events" -gt 0 ]; then tail -c "+$((known + 1))" "$state/jobs/$job/events" | head -c "$events"; fi
  if [ "$news" -gt 0 ]; then tail -c "+$((offset + left_out + 1))" "$log" | head -c "$news"; fi
} </dev/null
