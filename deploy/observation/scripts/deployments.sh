# Prints the system profile's generations, a line each: `<number><TAB><Unix seconds><TAB><system>`, then what the supervisors
# wrote down of deployments: `record<TAB><JSON>`.
{
  for link in "$profile"-*-link; do
    [ -L "$link" ] || continue
    number=${link#"$profile"-}
    made=$(stat -c %Y "$link" 2>/dev/null || stat -f %m "$link" 2>/dev/null || echo 0)
    printf '%s\t%s\t%s\n' "${number%-link}" "$made" "$(readlink "$link")"
  done | sort -n | tail -n 1000
  if [ -r "$state/history" ]; then tail -n 500 "$state/history" | head -c 1048576 | sed 's/^/record	/'; fi
} </dev/null
