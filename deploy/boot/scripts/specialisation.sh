# $1 toplevel, $2 name. `found <its toplevel>`, or `missing <names that there are>`.
{
  real=$(resolve "$1/specialisation/$2")
  if [ -n "$real" ] && [ -x "$real/bin/switch-to-configuration" ]; then
    echo "found $real"
  else
    printf 'missing'
    for other in "$1"/specialisation/*; do
      if [ -e "$other" ]; then printf ' %s' "$(basename "$other")"; fi
    done
    echo
  fi
} </dev/null
