# $1 how the host was found, as JSON: whoever comes later can put it back, also when we are no more.
{
  folder=/nix/var/pulumi-clan-acceptance
  mkdir -p "$folder" && chmod 700 "$folder" || exit 1
  mkdir -p /nix/var/nix/gcroots/pulumi-clan-acceptance || exit 1
  # $2, the system that was found, is kept whatever becomes of its generation.
  ln -sfn "$2" /nix/var/nix/gcroots/pulumi-clan-acceptance/before || exit 1
  if [ -d "$state" ]; then find "$state" >"$folder/state-before"; fi
  write_atomically "$folder/before.json" "$1"
} </dev/null
