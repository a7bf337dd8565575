# $1 where the root is, or "".
# Which property lists does launchd have from /Library, and which are the running system's? Lines `key<TAB>…`:
#   now     folder, name, SHA-256 of what lies there; nothing: it cannot be read
#   former  folder, name, SHA-256 of the running system's
# Without a line `launchd-end` nothing of it counts.
root=$1
digests() {
  if command -v sha256sum >/dev/null; then sha256sum -- "$@" 2>/dev/null; else shasum -a 256 -- "$@" 2>/dev/null; fi
}

lists() { # key folder path
  key=$1
  folder=$2
  set -- "$3"/*.plist
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi # no folder, or nothing in it
  {
    printf '%s\n' "$@"
    printf '=digests\n'
    digests "$@"
  } | awk -v key="$key" -v folder="$folder" '
    $0 == "=digests" { told = 1; next }
    !told { order[++count] = $0; next }
    { path = $0; sub(/^[0-9a-f]+  /, "", path); digest[path] = $1 }
    END {
      for (i = 1; i <= count; i++) {
        name = order[i]
        sub(/.*\//, "", name)
        printf "%s\t%s\t%s\t%s\n", key, folder, name, digest[order[i]]
      }
    }'
}

{
  for folder in LaunchDaemons LaunchAgents; do
    lists now "$folder" "$root/Library/$folder"
    lists former "$folder" "$root/run/current-system/Library/$folder"
  done
  lists former UserAgents "$root/run/current-system/user/Library/LaunchAgents"
  printf 'launchd-end\n'
} </dev/null
