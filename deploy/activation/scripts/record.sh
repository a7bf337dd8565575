# $1 the transaction as JSON, or "" to close it.
{
  if [ -n "$1" ]; then write_atomically "$state/transaction.json" "$1"; else close_transaction; fi
} </dev/null
