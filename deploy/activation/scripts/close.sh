close_transaction() {
  rm -f "$state/transaction.json" /nix/var/nix/gcroots/pulumi-clan/declared /nix/var/nix/gcroots/pulumi-clan/previous
  sync
}
