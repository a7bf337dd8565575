# $1… units. Their last journal lines, `unit<TAB>line`.
{
  for unit in "$@"; do
    journalctl --unit="$unit" --lines=10 --no-pager --output=cat 2>/dev/null | tr -d '\000-\010\013-\037\177' | head -c 4096 |
      while IFS= read -r line || [ -n "$line" ]; do printf '%s\t%s\n' "$unit" "$line"; done
  done
} </dev/null
