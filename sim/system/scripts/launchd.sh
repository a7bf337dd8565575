# Stand-in for launchd: property lists in /Library/LaunchDaemons, their programs as units of the host's systemd. They live
# below /run: a booting host gets those of the system that it activates.
launchd_folder=/Library/LaunchDaemons
launchd_units=/run/systemd/system

# While a host boots, its systemd comes after the activation.
systemd_runs() { [ "$(cat /proc/1/comm)" = systemd ]; }

# The words of a property list that came without the plain list which this system's builder writes beside its own.
plist_words() { # plist
  awk '/<key>ProgramArguments<\/key>/ { inside = 1 } inside && /<\/array>/ { exit } inside' "$1" |
    sed -n 's|.*<string>\(.*\)</string>.*|\1|p' |
    sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&apos;/'/g; s/&amp;/\\&/g"
}

write_daemon() { # folder label
  words=$(if [ -e "$1/$2.words" ]; then cat "$1/$2.words"; else plist_words "$1/$2.plist"; fi)
  command=
  while IFS= read -r word; do
    command="$command \"$(printf %s "$word" | sed 's/[\\"]/\\&/g; s/[%$]/&&/g')\""
  done << WORDS
$words
WORDS
  restart=on-failure
  if grep -q '<key>KeepAlive</key>' "$launchd_folder/$2.plist"; then restart=always; fi
  mkdir -p "$launchd_units/multi-user.target.wants"
  cat << UNIT > "$launchd_units/launchd-$2.service"
[Unit]
Description=launchd: $2
[Service]
ExecStart=:${command# }
Restart=$restart
RestartSec=10
UNIT
  ln -sfn "../launchd-$2.service" "$launchd_units/multi-user.target.wants/launchd-$2.service"
}

remove_daemon() { # label
  echo "removing service $1" >&2
  if systemd_runs; then systemctl stop "launchd-$1.service" || :; fi
  ! command -v launchctl > /dev/null || launchctl unload "$launchd_folder/$1.plist"
  rm -f "$launchd_units/launchd-$1.service" "$launchd_units/multi-user.target.wants/launchd-$1.service" \
    "$launchd_folder/$1.plist" "$launchd_folder/.$1.ours"
}

# Nobody is logged in: they are put where sessions look for them, and not run.
setup_agents() { # toplevel
  agents_folder=/Library/LaunchAgents
  mkdir -p "$agents_folder"
  for plist in /run/current-system/Library/LaunchAgents/*.plist; do
    name=${plist##*/}
    [ ! -e "$plist" ] || [ -e "$1/Library/LaunchAgents/$name" ] || {
      echo "removing service ${name%.plist}" >&2
      rm -f "$agents_folder/$name"
    }
  done
  for plist in "$1"/Library/LaunchAgents/*.plist; do
    [ ! -e "$plist" ] || cmp -s "$plist" "$agents_folder/${plist##*/}" || {
      echo "reloading service $(basename "$plist" .plist)" >&2
      cp -f --no-preserve=mode "$plist" "$agents_folder/${plist##*/}"
    }
  done
}

setup_launchd() { # toplevel
  setup_agents "$1"
  mkdir -p "$launchd_folder"
  for mark in "$launchd_folder"/.*.ours; do
    [ -e "$mark" ] || continue
    label=${mark##*/.}
    label=${label%.ours}
    [ -e "$1/Library/LaunchDaemons/$label.plist" ] || remove_daemon "$label"
  done
  changed=
  for plist in "$1"/Library/LaunchDaemons/*.plist; do
    [ -e "$plist" ] || continue
    label=$(basename "$plist" .plist)
    if ! cmp -s "$plist" "$launchd_folder/$label.plist" || [ ! -e "$launchd_units/launchd-$label.service" ]; then
      echo "reloading service $label" >&2
      cp -f --no-preserve=mode "$plist" "$launchd_folder/$label.plist"
      : > "$launchd_folder/.$label.ours"
      ! command -v launchctl > /dev/null || launchctl load -w "$launchd_folder/$label.plist"
      write_daemon "$1/Library/LaunchDaemons" "$label"
      changed="$changed launchd-$label.service"
    fi
  done
  if systemd_runs; then
    systemctl daemon-reload
    # shellcheck disable=SC2086 # one word per unit
    [ -z "$changed" ] || systemctl restart $changed
  fi
}
