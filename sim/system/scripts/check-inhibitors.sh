if [ "$2" != boot ] && [ -e /run/current-system/switch-inhibitors ] &&
  ! cmp -s /run/current-system/switch-inhibitors "$1/switch-inhibitors"; then
  echo "There are changes to critical components of the system." >&2
  echo "Switching into this system is not recommended: boot into it, or set NIXOS_NO_CHECK=1." >&2
  exit 1
fi
