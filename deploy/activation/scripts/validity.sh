# $1 toplevel. Is it there (then its whole closure is), and what is there to receive it?
emit() { printf '%s\t%s\n' "$1" "$2"; }
{
  store=$(nix_tool nix-store)
  emit nix-store "$store"
  emit nix-daemon "$(nix_tool nix-daemon)"
  emit zstd "$(nix_tool zstd)"
  emit uid "$(id -u)"
  if [ "$(id -u)" != 0 ]; then
    # `show-config` before Nix 2.20; later ones know it as another name.
    "$(nix_tool nix)" --extra-experimental-features nix-command show-config 2>/dev/null |
      awk -F ' = ' '$1 == "require-sigs" || $1 == "trusted-public-keys" { print $1 "\t" $2 }'
  fi
  emit free "$(df -Pk /nix 2>/dev/null | awk 'NR == 2 { print $4 }')"
  if [ -n "$store" ] && "$store" --check-validity "$1" 2>/dev/null; then emit valid yes; else emit valid no; fi
} </dev/null
