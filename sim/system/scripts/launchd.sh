# Stand-in for launchd: property lists in /Library/LaunchDaemons, their programs run by the host's systemd.
launchd_folder=/Library/LaunchDaemons

run_daemon() { # words-file label
  systemctl stop "launchd-$2.service" 2> /dev/null || :
  systemctl reset-failed "launchd-$2.service" 2> /dev/null || :
  set --  "$1" "$2"
  words_file=$1
  label=$2
  set --
  while IFS= read -r word; do set -- "$@" "$word"; done < "$words_file"
  if [ "$#" -gt 0 ]; then
    systemd-run --quiet --collect --unit="launchd-$label" --property=Restart=on-failure --property=RestartSec=10 -- "$@"
  fi
}

setup_launchd() { # toplevel
  mkdir -p "$launchd_folder"
  for plist in "$launchd_folder"/*.plist; do
    [ -L "$plist" ] || [ -e "$plist" ] || continue
    label=$(basename "$plist" .plist)
    if [ ! -e "$1/Library/LaunchDaemons/$label.plist" ] && [ -e "$launchd_folder/.$label.words" ]; then
      echo "removing service $label" >&2
      systemctl stop "launchd-$label.service" 2> /dev/null || :
      rm -f "$plist" "$launchd_folder/.$label.words"
    fi
  done
  for plist in "$1"/Library/LaunchDaemons/*.plist; do
    [ -e "$plist" ] || continue
    label=$(basename "$plist" .plist)
    words=$1/Library/LaunchDaemons/$label.words
    if ! cmp -s "$plist" "$launchd_folder/$label.plist" || ! systemctl is-active --quiet "launchd-$label.service"; then
      echo "reloading service $label" >&2
      cp -f --no-preserve=mode "$plist" "$launchd_folder/$label.plist"
      cp -f --no-preserve=mode "$words" "$launchd_folder/.$label.words"
      run_daemon "$words" "$label"
    fi
  done
}
