# Prints what a deployment needs of the host beside its facts, a line each: `key<TAB>value`. Touches nothing.
first_line() {
  "$@" 2>/dev/null | head -n 1 | tr -d '\t\000-\037\177' | head -c 200
}

{
  nix=$(nix_tool nix)
  if [ -n "$(nix_tool nix-store)" ]; then printf 'nix\t%s\n' "$(first_line "$(nix_tool nix-store)" --version)"; fi
  if command -v zstd >/dev/null; then printf 'zstd\tyes\n'; fi
  if command -v systemctl >/dev/null; then printf 'systemd\t%s\n' "$(first_line systemctl --version)"; fi
  login=${SUDO_USER:-$(id -un)}
  printf 'login\t%s\nuid\t%s\n' "$login" "$(id -u)"
  printf 'groups\t%s\n' "$(id -Gn -- "$login" 2>/dev/null | tr '\n\t' '  ' | head -c 4096)"
  # `config show` since Nix 2.20, `show-config` before. Source: Nix 2.20 release notes.
  if [ -n "$nix" ]; then
    for command in 'config show' 'show-config'; do
      # shellcheck disable=SC2086 # two words
      if all=$("$nix" --extra-experimental-features nix-command $command 2>/dev/null); then break; fi
    done
    printf 'trusted\t%s\n' "$(printf '%s\n' "$all" | sed -n 's/^trusted-users = //p' | tr '\t' ' ' | head -c 4096)"
  fi
  printf 'end\t%s\n' "$(date +%s)"
} </dev/null
