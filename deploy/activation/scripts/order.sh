# $1 job, $2 `acknowledge`, `rollback`, `close` or `take` (only: whose orders count from now on), $3 why. token is set before.
# The first order counts. Prints `given`, or `late` when the job has ended, goes back, or an order was given before.
{
  folder=$state/jobs/$1
  if [ "$2" = take ]; then
    write_atomically "$folder/token" "$token" || exit 1
    if [ -f "$folder/status" ] || grep -q '^expired ' "$folder/order" 2>/dev/null || grep -q '"state":"rolling-back"' "$folder/events" 2>/dev/null; then
      echo late
    else
      echo given
    fi
    exit
  fi
  if [ -f "$folder/status" ] || [ "$(cat "$folder/token")" != "$token" ]; then
    echo late
    exit
  fi
  printf '%s %s %s\n' "$2" "$token" "$(printf '%s' "$3" | tr '\n' ' ')" >"$folder/order.new.$$" || exit 1
  if ln "$folder/order.new.$$" "$folder/order" 2>/dev/null; then echo given; else echo late; fi
  rm -f "$folder/order.new.$$"
} </dev/null
