# What a host is beyond its facts, a line each: `key<TAB>value`. Reads only.
emit() { printf '%s\t%s\n' "$1" "$(printf '%s' "$2" | tr '\n\t' '  ' | tr -d '\000-\037\177' | head -c 4096)"; }
first_line() { head -n 1 "$1" 2>/dev/null; }
active() { systemctl --quiet is-active "$1" 2>/dev/null; }

{
  if [ -e /System/Library/CoreServices/SystemVersion.plist ]; then
    emit os "$(sw_vers -productName 2>/dev/null) $(sw_vers -productVersion 2>/dev/null)"
  elif [ -r /etc/os-release ]; then
    emit os "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release | tr -d '"')"
  fi
  if [ -e /run/current-system/nixos-version ]; then emit version "NixOS $(first_line /run/current-system/nixos-version)"; fi
  if [ -e /run/current-system/darwin-version ]; then emit version "nix-darwin $(first_line /run/current-system/darwin-version)"; fi
  emit kernel "$(uname -sr)"
  emit nix "$("$(nix_tool nix-store)" --version 2>/dev/null | head -n 1)"
  emit nix-build "$(nix_tool nix-build)"
  if [ -r /proc/1/comm ]; then emit init "$(cat /proc/1/comm)"; else emit init launchd; fi
  if command -v systemctl >/dev/null; then
    emit init-version "$(systemctl --version 2>/dev/null | head -n 1)"
    emit state "$(systemctl is-system-running 2>/dev/null)"
    for unit in nixos-upgrade.timer comin.service dm-pull-deploy.timer bento-upgrade.timer cachix-agent.service; do
      if active "$unit"; then emit deployer "$unit"; fi
    done
  fi
  if command -v systemd-detect-virt >/dev/null; then emit virtualisation "$(systemd-detect-virt 2>/dev/null)"; fi
  if [ -e /run/current-system/etc-metadata-image ]; then emit etc-image yes; fi
  if [ -d /nix/var/pulumi-clan ]; then emit state-folder yes; fi
  for link in "$profile"-*-link; do
    number=${link#"$profile"-}
    if [ -L "$link" ]; then printf '%s\n' "${number%-link}"; fi
  done | sort -n | tail -n 1 | while read -r number; do emit highest-generation "$number"; done
  if [ -f /nix/var/pulumi-clan-acceptance/before.json ]; then emit before "$(cat /nix/var/pulumi-clan-acceptance/before.json)"; fi
  emit end yes
} </dev/null
