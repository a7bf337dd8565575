# Activation: the pieces run one after the other, a failing one does not stop the next.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin
umask 0022
status=0

run_snippet() { # name function
  # Not inside a condition: there `set -e` would be ignored.
  (
    set -e
    "$2"
  )
  result=$?
  if [ "$result" != 0 ]; then
    echo "Activation script snippet '$1' failed ($result)" >&2
    status=1
  fi
}

# Units are restarted only after this: whoever is killed in between leaves a system that says it is the new one.
finish_activation() {
  mkdir -p /nix/var/nix/gcroots
  ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
  ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
  ln -sfn "$systemConfig" /run/current-system.tmp
  mv -fT /run/current-system.tmp /run/current-system
  exit "$status"
}
