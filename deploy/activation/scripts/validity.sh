# $1 toplevel, or empty; $2 the host's store in Nix' own words, or empty; $3 serve, none, or auto: serve as root.
# What is there to receive a closure, and is this one there already? If it is, the next question may come; if not, what
# follows on the input is for the receiver.
emit() { printf '%s\t%s\n' "$1" "$2"; }
store=$(nix_tool nix-store)
daemon=$(nix_tool nix-daemon)
{
  emit nix-store "$store"
  emit nix-daemon "$daemon"
  emit zstd "$(nix_tool zstd)"
  emit gzip "$(nix_tool gzip)"
  emit uid "$(id -u)"
  if [ "$(id -u)" != 0 ]; then
    # `show-config` before Nix 2.20; later ones know it as another name.
    "$(nix_tool nix)" --extra-experimental-features nix-command show-config 2>/dev/null |
      awk -F ' = ' '$1 == "require-sigs" || $1 == "trusted-public-keys" { print $1 "\t" $2 }'
  fi
} </dev/null
wanted=$1
while [ -n "$store" ] && [ -n "$wanted" ] && "$store" ${2:+--store "$2"} --check-validity "$wanted" </dev/null 2>/dev/null; do
  emit valid yes
  IFS= read -r wanted || exit 0
done
emit free "$(df -Pk /nix 2>/dev/null | awk 'NR == 2 { print $4 }')"
emit valid no
receive=$3
case $receive in auto) if [ "$(id -u)" = 0 ]; then receive=serve; fi ;; esac
if [ "$receive" = serve ] && [ -n "$store" ] && [ -n "$daemon" ]; then exec "$store" ${2:+--store "$2"} --serve --write; fi
