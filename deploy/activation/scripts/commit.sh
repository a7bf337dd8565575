# Makes the declared system the one that the next boot starts, as compare-and-swap. In a shell of its own: it ends it.
# Exit 0: committed; 20: superseded; 21: profile; 22: boot; 23: the default entry is not ours; 24: our mark. After 22 and 23 the profile is set back.
# Needs declared, activated (the declared system, or a specialisation of it: what must run), expected (the profile's before, or ""), generation (its number, or ""), bootable, staged (`yes`: it need not run),
# commit_with, install_loader, owner.
stop_commit() {
  echo "pulumi-clan: $2"
  exit "$1"
}

set_back() {
  echo "pulumi-clan: $2"
  # Whoever set it: an earlier attempt may have died just after it did.
  if [ -n "$expected" ] && [ "$expected" != "$declared" ] && [ "$(resolve "$profile")" = "$declared" ]; then
    if [ "$(resolve "$profile-$generation-link")" = "$expected" ]; then
      "$nix_env" -p "$profile" --switch-generation "$generation"
    else
      "$nix_env" -p "$profile" --set "$expected"
    fi || echo "pulumi-clan: the profile could not be set back"
    # The failed call may have moved the default already, or installed another loader. Its own checks must not keep it from the way back.
    if [ -x "$expected/bin/switch-to-configuration" ]; then
      NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=$install_loader "$expected/bin/switch-to-configuration" boot ||
        echo "pulumi-clan: the previous system's boot entry could not be written again"
    fi
  fi
  stop_commit "$1" "$2"
}

default_is_ours() {
  read_boot_default "$(loader_of "$declared")"
  case $boot_kind in
    systemd-boot)
      [ "$boot_init" = "$declared/init" ] && boot_files_present || return 1
      if [ -e "$declared/kernel" ] && [ -z "$boot_linux" ]; then return 1; fi
      if [ -e "$declared/initrd" ] && [ -z "$boot_initrd" ]; then return 1; fi
      ;;
    grub | extlinux | lanzaboote) [ "$boot_init" = "$declared/init" ] ;;
    none | unverified) echo "pulumi-clan: the default boot entry could not be verified" ;;
  esac
}

commit_system() {
  nix_env=$(nix_tool nix-env)
  current=$(resolve /run/current-system)
  if [ "$staged" != yes ] && [ "$current" != "$activated" ]; then stop_commit 20 "superseded: $current runs"; fi
  seen=$(resolve "$profile")
  if [ "$seen" != "$declared" ]; then
    if [ "$seen" != "$expected" ]; then stop_commit 20 "superseded: the profile names $seen"; fi
    "$nix_env" -p "$profile" --set "$declared" || stop_commit 21 "the profile could not be set"
  fi
  if [ "$bootable" = yes ]; then
    # Checks were made by `test`; a loader is installed only if the policy says so.
    NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=$install_loader "$declared/bin/switch-to-configuration" "$commit_with" ||
      set_back 22 "switch-to-configuration $commit_with ended with $?"
    default_is_ours || set_back 23 "the default boot entry (${boot_entry:-none}) does not start $declared"
  fi
  umask 077
  write_atomically "$state/owner.json" "$owner" || stop_commit 24 "the ownership marker could not be written"
  close_transaction
}
