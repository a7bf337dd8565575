# Shared beginning of every script that runs on a host. POSIX sh; Linux and macOS.
# The system's own folders first: on NixOS they are nearly empty, on macOS they hold the BSD tools we count on.
PATH="/run/wrappers/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/local/bin:$PATH"
export PATH
LC_ALL=C
export LC_ALL
umask 077
state=/nix/var/pulumi-clan
profile=/nix/var/nix/profiles/system

# No `readlink -f` before macOS 12.3.
resolve() {
  path=$1
  depth=0
  while [ -L "$path" ] && [ "$depth" -lt 20 ]; do
    target=$(readlink "$path")
    case $target in
      /*) path=$target ;;
      *) path=$(dirname "$path")/$target ;;
    esac
    depth=$((depth + 1))
  done
  if [ -e "$path" ]; then printf '%s' "$path"; fi
}

# Non-login shells on macOS have no Nix in PATH, and sudo may take it away: absolute paths.
nix_tool() {
  for folder in /nix/var/nix/profiles/default/bin /run/current-system/sw/bin /usr/bin /usr/local/bin; do
    if [ -x "$folder/$1" ]; then
      printf '%s' "$folder/$1"
      return
    fi
  done
  command -v "$1" || true
}

boot_id() {
  if [ -r /proc/sys/kernel/random/boot_id ]; then
    cat /proc/sys/kernel/random/boot_id
  else
    sysctl -n kern.bootsessionuuid 2>/dev/null || true
  fi
}

# A file that is there whole or not at all, whatever happens to us or to the power.
write_atomically() {
  printf '%s\n' "$2" >"$1.new.$$" && sync && mv -f "$1.new.$$" "$1"
}
