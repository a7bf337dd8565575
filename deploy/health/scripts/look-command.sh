# $1 seconds, $2… a program and its arguments. Its last words, and in a last line its exit code.
limit=$1
shift
{
  run=''
  if command -v timeout >/dev/null; then run=yes; fi
  code=$({
    {
      if [ -n "$run" ]; then timeout -k 2 "$limit" "$@" 2>&1 3>&- 4>&-; else "$@" 2>&1 3>&- 4>&-; fi
      echo "$?" >&3
    } | tail -c 2000 >&4
  } 3>&1)
} 4>&1 </dev/null
printf '\nexit %s\n' "$code"
