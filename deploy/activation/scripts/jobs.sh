# A job: a folder with log, exit code and the process that runs it. It outlives the connection that started it.
# Without -ww macOS' ps ends a line at 79 columns, before the job's name. Source: Apple's adv_cmds, ps.c.
command_line() {
  if [ -r "/proc/$1/cmdline" ]; then tr '\000' ' ' <"/proc/$1/cmdline"; else ps -ww -o args= -p "$1" 2>/dev/null; fi
}

# A pid alone proves nothing (they are reused): its command line must name the token.
is_alive() {
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  kill -0 "$1" 2>/dev/null || return 1
  case $(command_line "$1") in *"$2"*) return 0 ;; *) return 1 ;; esac
}

# A code that never reached the disk is none: nobody knows how the job ended.
job_code() {
  code=$(head -c 20 "$1/status" | tr -d '\n')
  case $code in
    '' | *[!0-9]* | ????*) printf 'lost' ;;
    *) printf 'done %s' "$code" ;;
  esac
}

# $1 job. systemd has its unit, or is about to: a busy one starts it late. Source: systemctl(1), org.freedesktop.systemd1(5), Job.
is_at_systemd() {
  systemctl show --property=ActiveState,Job "pulumi-clan-$1.service" 2>/dev/null |
    grep -Eq '^(ActiveState=(active|activating|deactivating)|Job=[1-9][0-9]*)$'
}

# Prints `done <code>`, `running`, `lost` (it began and nothing is left of it) or `starting`.
job_state() {
  folder=$state/jobs/$1
  if [ -f "$folder/status" ]; then
    job_code "$folder"
  elif [ ! -f "$folder/pid" ]; then
    # Who began to start it may have died on the way.
    if [ -n "$(find "$folder" -maxdepth 0 -mmin +1 2>/dev/null)" ] && ! is_at_systemd "$1"; then printf 'lost'; else printf 'starting'; fi
  elif is_alive "$(head -c 20 "$folder/pid" | tr -dc '0-9')" "$1"; then
    printf 'running'
  elif [ -f "$folder/status" ]; then # it ended between the two looks
    job_code "$folder"
  elif [ -f "$folder/guard" ] && is_alive "$(head -c 20 "$folder/guard" | tr -dc '0-9')" "$1"; then
    printf 'running'
  elif is_at_systemd "$1"; then
    printf 'running' # it was killed, and what comes after it is about to begin
  else
    printf 'lost'
  fi
}
