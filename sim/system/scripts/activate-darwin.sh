# Activation of a darwin system: stops at the first step that fails, with what is done until then left as it is.
set -e
# launchctl of a simulated Mac lies apart from the commands of its Debian.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin:/usr/lib/simulated-host/darwin-bin
umask 0022
if [ "$(id -u)" != 0 ]; then
  echo "system activation must now be run as root" >&2
  exit 2
fi

# Asked before anything changes.
check_etc() {
  in_the_way=$(etc_in_the_way "$systemConfig")
  if [ -n "$in_the_way" ]; then
    {
      echo "error: Unexpected files in /etc, aborting activation"
      echo "The following files have unrecognized content and would be overwritten:"
      echo
      echo "$in_the_way" | sed 's/^/  /'
      echo
      echo "Please check there is nothing critical in these files, rename them by adding .before-nix-darwin to the end, and then try again."
    } >&2
    exit 2
  fi
}

# The last step: who finds this system in /run knows that all others were taken.
finish_activation() {
  mkdir -p /nix/var/nix/gcroots
  ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
  ln -sfn "$systemConfig" /run/current-system.tmp
  mv -fT /run/current-system.tmp /run/current-system
}
