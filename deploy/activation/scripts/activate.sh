# Makes a system the running one. Each call ends the shell it runs in with the system's own exit code.
test_system() {
  if [ -e /run/current-system/sw/lib/locale/locale-archive ]; then
    LOCALE_ARCHIVE=/run/current-system/sw/lib/locale/locale-archive
    export LOCALE_ARCHIVE
  fi
  NIXOS_INSTALL_BOOTLOADER=0
  export NIXOS_INSTALL_BOOTLOADER
  exec "$1/bin/switch-to-configuration" test
}

# Closures of before 2025-01-30 have a part of their own for the user. Source: nix-darwin, `darwin-rebuild`, legacy rule.
activate_mac() {
  if [ -e "$1/activate-user" ] && [ "$(sed -n 2p "$1/activate-user")" != "# nix-darwin: deprecated" ]; then
    if [ "$login_uid" = 0 ]; then
      echo "pulumi-clan: this closure activates a user's part, and the login user is root"
      exit 31
    fi
    sudo -n -H -u "#$login_uid" -- "$1/activate-user" || exit 30
  fi
  exec "$1/activate"
}
