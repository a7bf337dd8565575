# $1… units. systemd's properties of each, blocks with an empty line between.
{
  if ! command -v systemctl >/dev/null || [ ! -d /run/systemd/system ]; then
    echo "no-systemd"
    exit 0
  fi
  systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,NRestarts,ActiveEnterTimestampMonotonic -- "$@"
} </dev/null
