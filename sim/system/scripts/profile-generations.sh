# Lines "profile number toplevel" of every generation of every profile; the profile `system` prints as "-".
profile_generations() {
  for link in /nix/var/nix/profiles/system-*-link /nix/var/nix/profiles/system-profiles/*-*-link; do
    [ -L "$link" ] || continue
    base=${link##*/}
    base=${base%-link}
    number=${base##*-}
    profile=${base%-*}
    if [ "${link%/*}" = /nix/var/nix/profiles ]; then profile=-; fi
    toplevel=$(readlink -f "$link") || continue
    if [ -e "$toplevel/init" ]; then echo "$profile $number $toplevel"; fi
  done | sort -k 1,1 -k 2,2n
}

# At most `limit` youngest generations of each profile; all without a limit.
recent_generations() {
  if [ -n "$limit" ]; then
    for profile in $(profile_generations | cut -d ' ' -f 1 | uniq); do
      profile_generations | awk -v profile="$profile" '$1 == profile' | tail -n "$limit"
    done
  else
    profile_generations
  fi
}
