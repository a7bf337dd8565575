# /var/log/activations: what changes the running system, as it happens, and which others were at it at that moment.
# The own mark comes before the look at the others': of two that begin together, one at least sees the other.
log_activation() { # action toplevel
  if [ -n "${LOGGED_ACTIVATION-}" ]; then return; fi # part of one that is logged
  export LOGGED_ACTIVATION=$$
  marks=/run/activations
  mkdir -p "$marks"
  echo "$1 $2" > "$marks/$$"
  beside=
  for mark in "$marks"/*; do
    pid=${mark##*/}
    if [ "$pid" = "$$" ]; then continue; fi
    # A pid alone may be another's by now.
    case $(cat "/proc/$pid/cmdline" 2> /dev/null | tr '\000' ' ') in
      *switch-to-configuration* | */activate*) beside="$beside $pid" ;;
      *) rm -f "$mark" ;;
    esac
  done
  echo "$(date +%s) $$ $1 $2 beside${beside:- nobody}" >> /var/log/activations
}
