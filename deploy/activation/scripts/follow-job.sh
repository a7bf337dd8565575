# $1 job, $2 bytes of its log that are known, $3 seconds to wait for news. Prints `<state> <code or -> <bytes that follow>` and the bytes.
job=$1
offset=$2
tries=$(($3 * 5))
{
  log=$state/jobs/$job/log
  while :; do
    # The state first: what is read of the log afterwards is then all there is of an ended job.
    now=$(job_state "$job")
    size=0
    if [ -f "$log" ]; then size=$(($(wc -c <"$log"))); fi
    case $now in done* | lost) break ;; esac
    if [ "$size" -gt "$offset" ] || [ "$tries" -le 0 ]; then break; fi
    tries=$((tries - 1))
    sleep 0.2
  done
  case $now in *' '*) ;; *) now="$now -" ;; esac
  news=$((size - offset))
  if [ "$news" -lt 0 ]; then news=0; fi
  if [ "$news" -gt 65536 ]; then news=65536; fi
  printf '%s %s\n' "$now" "$news"
  if [ "$news" -gt 0 ]; then tail -c "+$((offset + 1))" "$log" | head -c "$news"; fi
} </dev/null
