# $1 URL, $2 seconds; for a host without curl and wget $3 protocol, $4 address, $5 port, $6 path, $7 the Host header.
# `status <code> <tool>`, `none <tool> <why>`, or `no-tool`.
url=$1
limit=$2
within() {
  if command -v timeout >/dev/null; then timeout -k 1 "$limit" "$@"; else "$@"; fi
}
answer() {
  case $2 in
    [1-5][0-9][0-9]) printf 'status %s %s\n' "$2" "$1" ;;
    *) printf 'none %s %s\n' "$1" "$(printf '%s' "$3" | tr '\n\t' '  ' | tail -c 300)" ;;
  esac
}
{
  if command -v curl >/dev/null; then
    words=$(curl -q -sS -o /dev/null -w '%{http_code}' --noproxy '*' --max-time "$limit" -- "$url" 2>&1)
    answer curl "$(printf '%s' "$words" | tail -c 3)" "$words"
  elif command -v wget >/dev/null; then
    words=$(within wget -S -O /dev/null -T "$limit" -- "$url" 2>&1)
    # The first status, not that of a page that it was sent on to.
    answer wget "$(printf '%s\n' "$words" | sed -n 's|^[[:space:]]*HTTP/[0-9.]*[[:space:]]\{1,\}\([0-9]\{3\}\).*|\1|p' | head -n 1)" "$words"
  elif [ "$3" = http ] && command -v bash >/dev/null; then
    words=$(within bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1
      printf "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$3" "$4" >&3
      IFS= read -r line <&3 && printf "%s\n" "$line"' bash "$4" "$5" "$6" "$7" 2>&1)
    answer bash "$(printf '%s\n' "$words" | sed -n 's|^HTTP/[0-9.]*[[:space:]]\{1,\}\([0-9]\{3\}\).*|\1|p' | head -n 1)" "$words"
  else
    echo no-tool
  fi
} </dev/null
