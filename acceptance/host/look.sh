# What a run leaves on a host, a line each: `key<TAB>value`. $1 the unit or daemon of the variants.
{
  printf 'unit\t%s\n' "$(systemctl is-active "$1.service" 2>/dev/null || :)"
  if [ -e "/Library/LaunchDaemons/$1.plist" ]; then printf 'daemon\tyes\n'; fi
  for folder in "$state" /nix/var/pulumi-clan-acceptance /nix/var/nix/gcroots/pulumi-clan-acceptance; do
    if [ -e "$folder" ]; then printf 'folder\t%s\n' "$folder"; fi
  done
  for root in /nix/var/nix/gcroots/pulumi-clan/*; do
    if [ -L "$root" ]; then printf 'root\t%s\n' "$root"; fi
  done
  printf 'end\tyes\n'
} </dev/null
