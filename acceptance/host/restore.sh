# Takes away what a run left, once the system that it found runs again. $1 that system, $2 its generation, $3 the highest
# generation before, $4 `yes`: it has a loader. Prints what stays behind: `left<TAB>path`.
roots=/nix/var/nix/gcroots/pulumi-clan-acceptance
notes=/nix/var/pulumi-clan-acceptance

fail() {
  echo "acceptance: $1" >&2
  exit 1
}

# A generation of ours leads to the system that was found, or to one of the variants.
is_ours() {
  if [ "$1" = "$original" ]; then return 0; fi
  for root in "$roots"/*; do
    if [ "$(readlink "$root")" = "$1" ]; then return 0; fi
  done
  return 1
}

own_generations() {
  for link in "$profile"-*-link; do
    number=${link#"$profile"-}
    number=${number%-link}
    if [ -L "$link" ] && [ "$number" -gt "$highest" ] && is_ours "$(readlink "$link")"; then printf '%s\n' "$number"; fi
  done
}

remove_state() {
  if [ ! -f "$notes/state-before" ]; then
    rm -rf "$state"
    return
  fi
  find "$state" -depth | while IFS= read -r path; do
    if grep -qxF -e "$path" "$notes/state-before"; then continue; fi
    if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir "$path" 2>/dev/null; else rm -f "$path"; fi
  done
}

{
  original=$1
  generation=$2
  highest=$3
  nix_env=$(nix_tool nix-env)
  [ "$(resolve /run/current-system)" = "$original" ] || fail "$(resolve /run/current-system) runs"
  [ "$(readlink "$profile-$generation-link")" = "$original" ] || fail "generation $generation is no longer $original"
  if [ "$(readlink "$profile")" != "system-$generation-link" ]; then
    "$nix_env" -p "$profile" --switch-generation "$generation" || fail "the profile could not be set back"
  fi
  for number in $(own_generations); do
    "$nix_env" -p "$profile" --delete-generations "$number" || fail "generation $number could not be deleted"
  done
  if [ "$4" = yes ]; then
    NIXOS_NO_CHECK=1 NIXOS_INSTALL_BOOTLOADER=0 "$original/bin/switch-to-configuration" boot || fail "the boot entries could not be written again"
  fi
  # A deployment that was stopped before its activation keeps what it brought here; nothing is under way now.
  if [ ! -f "$state/transaction.json" ]; then
    rm -f /nix/var/nix/gcroots/pulumi-clan/declared /nix/var/nix/gcroots/pulumi-clan/previous
  fi
  remove_state
  rmdir /nix/var/nix/gcroots/pulumi-clan 2>/dev/null
  variants=$(for root in "$roots"/*; do if [ "${root##*/}" != before ]; then readlink "$root"; fi; done)
  for root in /nix/var/nix/gcroots/auto/*; do
    case $(readlink "$root") in "$roots"/*) rm -f "$root" ;; esac
  done
  rm -rf "$roots" "$notes"
  for variant in $variants; do
    # Its derivation is named only as long as it is there.
    deriver=$("$(nix_tool nix-store)" --query --deriver "$variant" 2>/dev/null)
    "$(nix_tool nix-store)" --delete "$variant" >/dev/null 2>&1 || printf 'left\t%s\n' "$variant"
    if [ -e "$deriver" ]; then "$(nix_tool nix-store)" --delete "$deriver" >/dev/null 2>&1 || printf 'left\t%s\n' "$deriver"; fi
  done
  sync
} </dev/null
