# Copies the system $original to $out and makes the copy call itself by its own path; then $change.
PATH=$tools
export PATH
LC_ALL=C
export LC_ALL
name=pulumi-clan-acceptance

fail() {
  echo "variant: $1" >&2
  exit 1
}

# A path as a pattern of sed: of what store names may hold only "." means more than itself.
pattern() { printf '%s' "$1" | sed 's/\./\\./g'; }

# $1 path, $2 what is written instead, $3… where: in files and links.
replace_path() {
  from=$(pattern "$1")
  plain=$1
  to=$2
  shift 2
  find "$@" -type f -exec grep -lF -e "$plain" {} + > "$NIX_BUILD_TOP/files" || :
  while IFS= read -r file; do
    sed "s|$from|$to|g" "$file" > "$NIX_BUILD_TOP/new"
    cat "$NIX_BUILD_TOP/new" > "$file" # not mv: the mode stays
  done < "$NIX_BUILD_TOP/files"
  find "$@" -type l > "$NIX_BUILD_TOP/links"
  while IFS= read -r link; do
    target=$(readlink "$link")
    case $target in
      "$plain" | "$plain"/*) ln -sfn "$to${target#"$plain"}" "$link" ;;
    esac
  done < "$NIX_BUILD_TOP/links"
}

# $1 a link to a folder: a folder of the variant's own instead. Sets linked: where the link led.
own_folder() {
  linked=$(readlink "$1") || fail "$1 is no link"
  rm "$1"
  cp -RP "$linked" "$1"
  chmod -R u+w "$1"
}

own_etc() {
  if [ -e "$original/etc-metadata-image" ]; then fail "its /etc is an image (system.etc.overlay), which nobody but its builder can change"; fi
  own_folder "$out/etc"
  replace_path "$linked" "$out/etc" "$out/activate" "$out/bin"
}

# $1 the command of ExecStart. One that runs once and stays active.
add_unit() {
  own_etc
  units=$out/etc/systemd/system
  if [ -L "$units" ]; then # to a store path with all units, as NixOS has it
    own_folder "$units"
    mv "$units" "$out/$name-units"
    units=$out/$name-units
    ln -s "$units" "$out/etc/systemd/system"
  fi
  mkdir -p "$units/multi-user.target.wants"
  ln -s "../$name.service" "$units/multi-user.target.wants/$name.service"
  printf '%s\n' '[Unit]' "Description=pulumi-clan acceptance: $change" '[Service]' Type=oneshot RemainAfterExit=yes \
    "ExecStart=$1" > "$units/$name.service"
}

# Stops sshd in all its forms, and ends the sessions that outlive it.
write_cut_off() {
  cat > "$out/$name-cut-off" << 'SCRIPT'
PATH=/run/current-system/sw/bin:/usr/bin:/bin
for unit in sshd.socket sshd.service ssh.socket ssh.service; do
  if systemctl --quiet is-active "$unit"; then systemctl stop "$unit"; fi
done
for process in /proc/[0-9]*; do
  case $(cat "$process/comm" 2> /dev/null) in sshd | sshd-session | sshd-auth) kill -s KILL "${process#/proc/}" ;; esac
done
exit 0
SCRIPT
}

# $1 text that stands before the first line of `activate` that sets the running system.
before_the_end() {
  line=$(grep -n 'ln -sfn .*/run/current-system' "$out/activate" | head -n 1 | cut -d : -f 1)
  [ -n "$line" ] || fail "activate does not say where it sets the running system"
  {
    head -n "$((line - 1))" "$out/activate"
    printf '%s\n' "$1"
    tail -n "+$line" "$out/activate"
  } > "$NIX_BUILD_TOP/new"
  cat "$NIX_BUILD_TOP/new" > "$out/activate"
}

# nix-darwin's activate names each daemon it loads: the one that is added is loaded by a step of its own.
add_daemon() {
  daemons=$out/Library/LaunchDaemons
  own_folder "$daemons"
  replace_path "$linked" "$daemons" "$out/activate"
  printf '%s\n' '<?xml version="1.0" encoding="UTF-8"?>' \
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">' \
    '<plist version="1.0"><dict>' '<key>Label</key>' "<string>$name</string>" '<key>ProgramArguments</key>' '<array>' \
    '<string>/usr/bin/true</string>' '</array>' '<key>RunAtLoad</key>' '<true/>' '</dict></plist>' > "$daemons/$name.plist"
  before_the_end "if ! cmp -s '$daemons/$name.plist' /Library/LaunchDaemons/$name.plist; then
  cp -f '$daemons/$name.plist' /Library/LaunchDaemons/$name.plist
  chmod 644 /Library/LaunchDaemons/$name.plist
  launchctl load -w /Library/LaunchDaemons/$name.plist
fi"
}

# NixOS goes on after a piece of the activation that fails and tells so at the end; nix-darwin stops there.
fail_activation() {
  if [ -e "$original/nixos-version" ]; then
    mv "$out/activate" "$out/.activate"
    {
      head -n 1 "$out/.activate"
      echo "$out/.activate \"\$@\""
      echo "echo \"Activation script snippet '$name' failed (1)\""
      echo "exit 1"
    } > "$out/activate"
    chmod 555 "$out/activate"
  else
    before_the_end "echo '$name: this step fails' >&2
exit 1"
  fi
}

cp -RP "$original" "$out"
chmod -R u+w "$out"
replace_path "$original" "$out" "$out"
case $change in
  same) ;;
  unit) if [ -e "$original/nixos-version" ]; then add_unit "/bin/sh -c :"; else add_daemon; fi ;;
  failing-unit) add_unit '/bin/sh -c "exit 1"' ;;
  cut-off)
    write_cut_off
    add_unit "/bin/sh $out/$name-cut-off"
    ;;
  failing-activation) fail_activation ;;
  *) fail "unknown change $change" ;;
esac
# Two variants with the same change differ by this alone.
echo "$label" > "$out/$name-label"
