# Prints what a look at the host tells beyond its facts, a line each: `key<TAB>value`.
# A large journal on a slow disk takes its time, for which the host would be called unreachable: then it tells nothing.
within() { if command -v timeout >/dev/null; then timeout -k 1 "$@"; else shift && "$@"; fi }

last_entry() {
  within 2 journalctl --quiet --no-pager --lines=1 --output=json --output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT "$@" 2>/dev/null |
    tail -n 1 | tr -d '\t' | head -c 4096
}

{
  for part in kernel initrd kernel-modules; do
    if [ -e "/run/booted-system/$part" ] && [ -e "/run/current-system/$part" ]; then
      if [ "$(resolve "/run/booted-system/$part")" != "$(resolve "/run/current-system/$part")" ]; then printf 'reboot\t%s\n' "$part"; fi
    fi
  done
  # The link of a generation is as old as the deployment that made it.
  if [ -L "$profile" ]; then
    generation=/nix/var/nix/profiles/$(basename "$(readlink "$profile")")
    printf 'deployed\t%s\n' "$(stat -c %Y "$generation" 2>/dev/null || stat -f %m "$generation" 2>/dev/null)"
  fi
  # What the supervisors wrote down last; root's to read.
  if [ -r "$state/history" ]; then printf 'last\t%s\n' "$(tail -n 1 "$state/history" | tr -d '\t' | head -c 4096)"; fi
  # switch-to-configuration writes as "nixos"; its unit, where it has one, is the tool's that called it.
  # Source: nixpkgs switch-to-configuration-ng, main.rs; nixos-rebuild-ng, services.py; clan-core, clan_lib/machines/update.py.
  if command -v journalctl >/dev/null; then
    printf 'switched\t%s\n' "$(last_entry --identifier=nixos)"
    printf 'tool\t%s\n' "$(last_entry --unit='nixos-rebuild-switch-to-configuration*' --unit='clan-switch-*' --unit='clan-boot-*' \
      --unit='clan-test-*' --unit=nixos-upgrade.service --unit=comin.service --unit='pulumi-clan-*')"
  fi
  printf 'end\n'
} </dev/null
