# Takes the owner's mark away when it is still the caller's. $1 the mark as it was written.
# Prints `released`, `foreign` or `none`.
{
  if [ ! -f "$state/owner.json" ]; then
    echo none
  elif [ "$(cat "$state/owner.json")" = "$1" ]; then
    rm -f "$state/owner.json" && echo released
  else
    echo foreign
  fi
} </dev/null
