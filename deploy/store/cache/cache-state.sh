# $1 toplevel. Is it there already, and whose signatures does this host's Nix accept?
emit() { printf '%s\t%s\n' "$1" "$2"; }
store=$(nix_tool nix-store)
{
  if [ -n "$store" ] && "$store" --check-validity "$1" 2>/dev/null; then emit valid yes; else emit valid no; fi
  # `show-config` before Nix 2.20; later ones know it as another name.
  "$(nix_tool nix)" --extra-experimental-features nix-command show-config 2>/dev/null |
    awk -F ' = ' '$1 == "require-sigs" || $1 == "trusted-public-keys" { print $1 "\t" $2 }'
} </dev/null
