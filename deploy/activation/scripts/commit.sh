# Runs as a job. $1 declared toplevel, $2 the profile's before or "", $3 boot parts `yes` or `no`, $4 owner as JSON,
# $5 the generation of the profile's before or "".
# Exit 0: committed; 20: superseded; 21: profile; 22: boot; 23: the default entry is not ours. After 22 and 23 the profile is set back.
declared=$1
expected=$2
bootable=$3
owner=$4
nix_env=$(nix_tool nix-env)
generation=$5

stop() {
  echo "pulumi-clan: $2"
  exit "$1"
}

set_back() {
  # Whoever set it: an earlier attempt may have died just after it did.
  if [ -n "$expected" ] && [ "$expected" != "$declared" ] && [ "$(resolve "$profile")" = "$declared" ]; then
    if [ "$(resolve "$profile-$generation-link")" = "$expected" ]; then
      "$nix_env" -p "$profile" --switch-generation "$generation"
    else
      "$nix_env" -p "$profile" --set "$expected"
    fi || echo "pulumi-clan: the profile could not be set back"
    # The failed call may have moved the default already. Its own checks must not keep it from the way back.
    if [ -x "$expected/bin/switch-to-configuration" ]; then
      NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=0 "$expected/bin/switch-to-configuration" boot ||
        echo "pulumi-clan: the previous system's boot entry could not be written again"
    fi
  fi
  stop "$1" "$2"
}

default_is_ours() {
  read_boot_default
  case $boot_kind in
    systemd-boot)
      [ "$boot_init" = "$declared/init" ] && boot_files_present || return 1
      if [ -e "$declared/kernel" ] && [ -z "$boot_linux" ]; then return 1; fi
      if [ -e "$declared/initrd" ] && [ -z "$boot_initrd" ]; then return 1; fi
      ;;
    grub | extlinux) [ "$boot_init" = "$declared/init" ] ;;
    none | unverified) echo "pulumi-clan: the default boot entry could not be verified" ;;
  esac
}

{
  current=$(resolve /run/current-system)
  if [ "$current" != "$declared" ]; then stop 20 "superseded: $current runs"; fi
  seen=$(resolve "$profile")
  if [ "$seen" != "$declared" ]; then
    if [ "$seen" != "$expected" ]; then stop 20 "superseded: the profile names $seen"; fi
    "$nix_env" -p "$profile" --set "$declared" || stop 21 "the profile could not be set"
  fi
  if [ "$bootable" = yes ]; then
    # Both variables on purpose: checks were made by `test`, and a loader is never installed by a deployment.
    NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=0 "$declared/bin/switch-to-configuration" boot ||
      set_back 22 "switch-to-configuration boot ended with $?"
    default_is_ours || set_back 23 "the default boot entry (${boot_entry:-none}) does not start $declared"
  fi
  write_atomically "$state/owner.json" "$owner" || stop 24 "the ownership marker could not be written"
  rm -f "$state/transaction.json" /nix/var/nix/gcroots/pulumi-clan/declared /nix/var/nix/gcroots/pulumi-clan/previous
  sync
} </dev/null
