# $1 `arm` or `disarm`. Whatever becomes of a deployment that stops sshd, and of whoever made it, sshd comes back.
net=pulumi-clan-acceptance-net
{
  systemctl stop "$net.timer" 2>/dev/null
  if [ "$1" = arm ]; then
    units=
    for unit in sshd.socket sshd.service ssh.socket ssh.service; do
      if systemctl --quiet is-active "$unit"; then units="$units $unit"; fi
    done
    # shellcheck disable=SC2086 # one word per unit
    systemd-run --quiet --collect --unit="$net" --on-active=900 -- "$(command -v systemctl)" start $units
  fi
} </dev/null
