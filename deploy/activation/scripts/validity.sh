# $1 toplevel. Is it there (then its whole closure is), and what is there to receive it?
emit() { printf '%s\t%s\n' "$1" "$2"; }
{
  store=$(nix_tool nix-store)
  emit nix-store "$store"
  emit nix-daemon "$(nix_tool nix-daemon)"
  emit zstd "$(nix_tool zstd)"
  emit uid "$(id -u)"
  emit free "$(df -Pk /nix 2>/dev/null | awk 'NR == 2 { print $4 }')"
  if [ -n "$store" ] && "$store" --check-validity "$1" 2>/dev/null; then emit valid yes; else emit valid no; fi
} </dev/null
