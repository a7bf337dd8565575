# $1 address, $2 port, $3 seconds. `open <tool>`, `closed <tool>`, or `no-tool`.
within() {
  if command -v timeout >/dev/null; then timeout -k 1 "$limit" "$@"; else "$@"; fi
}
limit=$3
{
  if command -v nc >/dev/null && nc -h 2>&1 | grep -q -e '-z' -e '\[-[A-Za-z0-9]*z'; then
    if within nc -z -w "$limit" "$1" "$2" >/dev/null 2>&1; then echo "open nc"; else echo "closed nc"; fi
  elif command -v bash >/dev/null; then
    if within bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2" >/dev/null 2>&1; then echo "open bash"; else echo "closed bash"; fi
  else
    echo no-tool
  fi
} </dev/null
