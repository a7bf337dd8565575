# $1 the transaction as JSON, or "" to close it.
{
  if [ -n "$1" ]; then
    write_atomically "$state/transaction.json" "$1"
  else
    rm -f "$state/transaction.json" /nix/var/nix/gcroots/pulumi-clan/declared /nix/var/nix/gcroots/pulumi-clan/previous
  fi
} </dev/null
