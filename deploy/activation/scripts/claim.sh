# $1 the owner as JSON.
{
  mkdir -p "$state" && chmod 700 "$state" && write_atomically "$state/owner.json" "$1"
} </dev/null
