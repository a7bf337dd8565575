# $1 nix-store. `wanted_names` prints names without the later parts that begin with a digit.
# Which paths of the host's systems bear such a name, what are their archives' hashes, and how much memory is free?
emit() { printf '%s\t%s\n' "$1" "$2"; }
emit memory "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo 2>/dev/null)"
paths=$(
  {
    wanted_names
    echo
    for system in /run/current-system "$profile"; do
      if [ -e "$system" ]; then "$1" --query --requisites "$system" 2>/dev/null; fi
    done | sort -u
  } | awk '
    $0 == "" { listed = 1; next }
    !listed { wanted[$0] = 1; next }
    {
      count = split(substr($0, 45), parts, "-")
      name = parts[1]
      for (i = 2; i <= count; i++) if (parts[i] !~ /^[0-9]/) name = name "-" parts[i]
      if (name in wanted) print
    }'
)
if [ -n "$paths" ]; then
  printf '%s\n' "$paths" | sed 's/^/path	/'
  printf '%s\n' "$paths" | xargs "$1" --query --hash | sed 's/^/hash	/'
fi
