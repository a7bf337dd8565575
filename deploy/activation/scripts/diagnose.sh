# $1… units. Their last journal lines, more than are shown: the first cause may stand well before the end, `unit<TAB>line`.
{
  for unit in "$@"; do
    journalctl --unit="$unit" --lines=60 --no-pager --output=cat 2>/dev/null | tr -d '\000-\010\013-\037\177' | tail -c 16384 |
      while IFS= read -r line || [ -n "$line" ]; do printf '%s\t%s\n' "$unit" "$line"; done
  done
} </dev/null
