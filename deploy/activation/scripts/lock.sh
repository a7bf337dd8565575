# $1 token of the deployment, $2 who. Prints `held` and holds the lock until its input ends; or `busy <since> <who>`.
# No flock(1) on macOS: a hard link is made or not, at once. Each line of the input is a sign of life: who gave none for a
# minute has lost his way to us, which sshd notices hours later if ever, and his lock may be taken.
token=$1
who=$2
mkdir -p "$state" && chmod 700 "$state" || exit 1
boot=$(boot_id)
mine="$$ $boot $(date +%s) $token $who"

take() {
  printf '%s\n' "$mine" >"$state/lock.$$" || exit 1
  ln "$state/lock.$$" "$state/lock" 2>/dev/null
  taken=$?
  rm -f "$state/lock.$$"
  return "$taken"
}

# Only what was looked at is removed: another one may have cleared it and taken the lock meanwhile.
clear_stale() {
  mv "$state/lock" "$state/lock.stale.$$" 2>/dev/null || return 0
  if [ "$(cat "$state/lock.stale.$$")" != "$1" ]; then ln "$state/lock.stale.$$" "$state/lock" 2>/dev/null; fi
  rm -f "$state/lock.stale.$$"
}

release() {
  if [ "$(cat "$state/lock" 2>/dev/null)" = "$mine" ]; then rm -f "$state/lock"; fi
}

is_silent() { [ -n "$(find "$state/lock" -mmin +1 2>/dev/null)" ]; }

tries=0
until take; do
  tries=$((tries + 1))
  if [ "$tries" -gt 20 ]; then
    echo "busy 0 unknown"
    exit 0
  fi
  held=$(cat "$state/lock" 2>/dev/null)
  read -r pid held_boot since held_token by <<END
$held
END
  if [ "$held_boot" = "$boot" ] && is_alive "$pid" "$held_token"; then
    if [ "$held_token" != "$token" ] && ! is_silent; then
      echo "busy $since $by"
      exit 0
    fi
    # By a connection that is gone while the host has not noticed yet: our own, or a silent one's.
    kill "$pid" 2>/dev/null
  fi
  clear_stale "$held"
done
trap release EXIT
trap 'exit 0' HUP INT TERM
echo held
while read -r _; do
  if [ "$(cat "$state/lock" 2>/dev/null)" = "$mine" ]; then touch "$state/lock"; fi
done
release
