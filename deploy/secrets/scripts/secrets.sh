# The secrets of one deployment. $1 action, then its arguments. Answers with a last line `result<TAB>kind<TAB>why`.
# Each action may be cut anywhere and run again. A file is always wholly the old or the new one, with one exception that
# is marked below; until `commit` a key file opens what the old and what the new system bring.
#
# Kinds: `i` identities, `f` files, `k` a key file that is a user's own: what it lacks is added, nothing else changes.
# secrets/phase.sh      this script: the host itself can run `replace` and `restore` without anybody's connection
# secrets/staged/       what was sent: digest, list (`number kind mode owner group path`), new/<number>
# secrets/open/         from the first replacement until commit or restore: digest, old/<number>.{meta,content}
# secrets/installed     manifest of the last commit, written last: the digest, then `hash kind path`
store=$state/secrets
staged=$store/staged
open=$store/open

answer() {
  printf 'result\t%s\t%s\n' "$1" "$(printf '%s' "${2:-}" | tr '\n\t' '  ' | tail -c 500)"
}

# coreutils sync one file; elsewhere everything.
sync_file() { sync "$1" 2>/dev/null || sync; }

hash_of() {
  if command -v sha256sum >/dev/null; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 <"$1" | sed 's/.* //'
  fi
}

decode() {
  case $decoder in
    openssl) openssl base64 -d -A ;;
    *) base64 "$decoder" ;;
  esac
}

find_decoder() {
  for decoder in -d -D openssl; do
    if [ "$(printf 'YQ==' | decode 2>/dev/null)" = a ]; then return; fi
  done
  return 1
}

ids_of() { ls -lnd "$1" | awk '{ print $3 ":" $4 }'; }
owner_of() { ls -lnd "$1" | awk '{ print $3 }'; }

# Folders that are not there belong to whom the one above belongs: in a home they are its user's.
make_folder() (
  if [ -d "$1" ]; then return; fi
  above=$(dirname "$1")
  make_folder "$above" && (umask 022 && mkdir "$1") && chown "$(ids_of "$above")" "$1"
)

# Where a file really is: through all links, also where they lead nowhere yet. A link that is not root's leads to its owner's
# folders only: a user would else have root write to /etc/shadow for him, or give it to him.
real_path() {
  rest=${1#/}
  at=''
  user=0
  links=0
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest='' ;; esac
    case $part in
      '' | .) ;;
      ..) at=${at%/*} ;;
      *)
        if [ ! -L "$at/$part" ]; then
          at=$at/$part
          continue
        fi
        links=$((links + 1))
        if [ "$user" = 0 ]; then user=$(owner_of "$at/$part"); fi
        target=$(readlink "$at/$part")
        rest=$target${rest:+/$rest}
        case $target in /*) at='' ;; esac
        if [ "$links" -gt 20 ]; then return 1; fi
        ;;
    esac
  done
  folder=$(dirname "$at")
  make_folder "$folder" || return 1
  if [ "$user" != 0 ] && [ "$(owner_of "$folder")" != "$user" ]; then
    echo "$1: a link of user $user leads to $at" >&2
    return 1
  fi
  printf '%s' "$at"
}

attributes() { ls -lnd "$1" | awk '{ print $1, $3, $4 }'; }

# $1 what is complete and synced beside $2: takes its place. Untouched when nothing differs.
take_place() {
  if [ -f "$2" ] && cmp -s "$1" "$2" && [ "$(attributes "$1")" = "$(attributes "$2")" ]; then
    rm -f "$1"
    return
  fi
  if mv -f "$1" "$2" 2>/dev/null; then
    sync_file "$(dirname "$2")"
    return
  fi
  # A file that is a mount point cannot be renamed over (EBUSY): written in place: the one exception.
  if [ ! -f "$2" ]; then return 1; fi
  octal=$(stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1") || return 1
  chmod go= "$2" && cat "$1" >"$2" && chown "$(ids_of "$1")" "$2" && chmod "$octal" "$2" && sync_file "$2" && rm -f "$1"
}

# $1 content, $2 target, $3 mode, $4 owner, $5 group. Who does not exist yet (the new system makes them) gets it at commit.
put() {
  real=$(real_path "$2") || return 1
  new=$real.pulumi-clan.new
  rm -f "$new"
  # -C: never through a link that somebody put there meanwhile.
  (set -C && cat "$1" >"$new") || return 1
  chown -h "$4:$5" "$new" 2>/dev/null || late="${late:-}$4:$5 "
  chmod "$3" "$new" && sync_file "$new" && take_place "$new" "$real"
}

# Files first or identities first: while files change, the key file opens old and new.
each_staged() {
  while IFS=' ' read -r number kind mode owner group path <&8; do
    if [ "$kind" = "$1" ]; then "$2" || return 1; fi
  done 8<"$staged/list"
}

each_backup() {
  for meta in "$open"/old/*.meta; do
    if [ ! -f "$meta" ]; then continue; fi
    IFS=' ' read -r kind was path <"$meta"
    if [ "$kind" = "$1" ]; then "$2" || return 1; fi
  done
}

backup_of() {
  for meta in "$open"/old/*.meta; do
    if [ -f "$meta" ] && [ "$(cut -d ' ' -f 3 <"$meta")" = "$1" ]; then
      printf '%s' "${meta%.meta}"
      return
    fi
  done
}

# The first state of a path in this open transaction; a later set of secrets does not overwrite it.
back_up() {
  if [ -n "$(backup_of "$path")" ]; then return; fi
  real=$(real_path "$path") || return 1
  if [ -d "$real" ]; then
    echo "$path is a folder" >&2
    return 1
  fi
  copy=$open/old/$(($(ls "$open/old" | grep -c 'meta$') + 1))
  was=absent
  if [ -f "$real" ]; then
    was=present
    cp -p "$real" "$copy.content" && sync_file "$copy.content" || return 1
  fi
  printf '%s %s %s\n' "$kind" "$was" "$path" >"$copy.meta.new" && sync_file "$copy.meta.new" && mv -f "$copy.meta.new" "$copy.meta"
}

put_back() {
  copy=${meta%.meta}
  real=$(real_path "$path") || return 1
  rm -f "$real.pulumi-clan.new"
  if [ "$was" = absent ]; then
    rm -f "$real"
  else
    cp -p "$copy.content" "$real.pulumi-clan.new" && sync_file "$real.pulumi-clan.new" &&
      take_place "$real.pulumi-clan.new" "$real"
  fi
}

# What this set no longer has: removed at commit, so it is backed up as well. A user's own file stays.
back_up_unlisted() {
  if [ ! -f "$store/installed" ]; then return; fi
  while IFS=' ' read -r _ kind path <&8; do
    if [ -n "$path" ] && [ "$kind" != k ] && ! is_listed; then back_up || return 1; fi
  done 8<"$store/installed"
}

put_back_unlisted() {
  is_listed || put_back
}

# New identities, then those of before, then what an earlier set of this transaction brought.
put_identities() {
  merged=$open/merged
  before=$(backup_of "$path").content
  real=$(real_path "$path") || return 1
  cat "$staged/new/$number" >"$merged" || return 1
  for source in "$before" "$real"; do
    if [ ! -f "$source" ]; then continue; fi
    # A last line without end must not grow together with the next one.
    if [ -n "$(tail -c 1 "$merged")" ]; then echo >>"$merged"; fi
    grep -vxF -f "$merged" "$source" >"$open/more"
    cat "$open/more" >>"$merged" || return 1
  done
  put "$merged" "$path" "$mode" "$owner" "$group" && rm -f "$merged" "$open/more"
}

# Its user is known, and it lies in a folder that is there, or below one of the user's.
has_home() {
  case $owner in
    *[!0-9]*) number_of_owner=$(id -u "$owner" 2>/dev/null) || return 1 ;;
    *) number_of_owner=$owner ;;
  esac
  above=$(dirname "$path")
  if [ -d "$above" ]; then return; fi
  while [ ! -d "$above" ]; do above=$(dirname "$above"); done
  [ "$(owner_of "$above")" = "$number_of_owner" ]
}

back_up_own() {
  if has_home; then back_up; fi
}

put_own() {
  if ! has_home; then
    homeless="${homeless:-}$path "
    return
  fi
  real=$(real_path "$path") || return 1
  group=$(ls -lnd "$(dirname "$real")" | awk '{ print $4 }')
  merged=$store/merged
  : >"$merged" && : >"$store/more" || return 1
  if [ -f "$real" ]; then
    cat "$real" >"$merged" || return 1
    if [ -n "$(tail -c 1 "$merged")" ]; then echo >>"$merged"; fi
  fi
  grep -vxF -f "$merged" "$staged/new/$number" >"$store/more"
  if [ -s "$store/more" ] && grep -q '^AGE-' "$merged"; then others="${others:-}$path "; fi
  cat "$store/more" >>"$merged" && put "$merged" "$path" "$mode" "$owner" "$group" && rm -f "$merged" "$store/more"
}

is_listed() { cut -d ' ' -f 6 "$staged/list" | grep -qxF -e "$path"; }

put_new() { put "$staged/new/$number" "$path" "$mode" "$owner" "$group"; }

record() {
  # Not there yet: what is recorded is then not what the host has, and the next deployment brings it.
  if [ "$kind" = k ] && ! has_home; then
    printf -- '- %s %s\n' "$kind" "$path" >>"$store/installed.new"
    return
  fi
  real=$(real_path "$path") || return 1
  printf '%s %s %s\n' "$(hash_of "$real")" "$kind" "$path" >>"$store/installed.new"
}

remove_unlisted() {
  if [ ! -f "$store/installed" ]; then return; fi
  sed 1d "$store/installed" | while IFS=' ' read -r _ kind path; do
    if [ "$kind" != k ] && ! is_listed; then rm -f "$(real_path "$path")"; fi
  done
}

is_installed() {
  if [ -d "$open" ] || [ ! -f "$store/installed" ] || [ "$(head -n 1 "$store/installed")" != "$1" ]; then return 1; fi
  sed 1d "$store/installed" | while IFS=' ' read -r hash _ path; do
    if [ ! -f "$path" ] || [ "$(hash_of "$path")" != "$hash" ]; then exit 1; fi
  done
}

# Gone at once as a whole, whatever cuts the rest.
discard() {
  rm -rf "$store/closed"
  if [ -d "$1" ]; then mv -f "$1" "$store/closed" && rm -rf "$store/closed"; fi
}

# $1 digest: a look, before anything is brought.
look() {
  if is_installed "$1"; then answer unchanged; else answer needed; fi
}

# $1 digest, $2 this script.
prepare() {
  mkdir -p "$store" && chmod 700 "$state" "$store" || return 1
  rm -rf "$store/closed" "$store/incoming" "$store"/phase.sh.new.*
  if [ "$(cat "$store/phase.sh" 2>/dev/null)" != "$2" ]; then write_atomically "$store/phase.sh" "$2" || return 1; fi
  if is_installed "$1"; then
    discard "$staged"
    answer unchanged
  elif [ "$(cat "$staged/digest" 2>/dev/null)" = "$1" ]; then
    answer staged
  else
    answer needed
  fi
}

# $1 digest; the input: `file kind mode owner group path base64` a line, `end <lines>` last.
receive() {
  incoming=$store/incoming
  # As a program of its own printf would show its arguments to everybody.
  if [ "$(command -v printf)" != printf ]; then
    answer failed "the host's /bin/sh has no printf of its own"
    return
  fi
  if ! find_decoder; then
    answer failed "the host has neither base64 nor openssl"
    return
  fi
  rm -rf "$incoming"
  mkdir -p "$incoming/new" && : >"$incoming/list" || return 1
  number=0
  whole=''
  while IFS=' ' read -r word kind mode owner group path content; do
    if [ "$word" = end ]; then
      if [ "$kind" = "$number" ]; then whole=yes; fi
      break
    fi
    number=$((number + 1))
    printf '%s %s %s %s %s %s\n' "$number" "$kind" "$mode" "$owner" "$group" "$path" >>"$incoming/list" || return 1
    if [ "$content" = - ]; then content=''; fi
    printf '%s' "$content" | decode >"$incoming/new/$number" && sync_file "$incoming/new/$number" || return 1
  done
  content=''
  if [ -z "$whole" ]; then
    rm -rf "$incoming"
    answer failed "the secrets did not arrive as a whole"
    return
  fi
  printf '%s\n' "$1" >"$incoming/digest" && sync_file "$incoming/digest" && sync_file "$incoming/list" && discard "$staged" && mv -f "$incoming" "$staged" || return 1
  answer staged
}

replace_all() {
  mkdir -p "$open/old" && back_up_unlisted || return 1
  each_staged i back_up && each_staged f back_up && each_staged k back_up_own || return 1
  each_backup f put_back_unlisted && each_backup k put_back_unlisted || return 1
  each_staged i put_identities && each_staged k put_own && each_staged f put_new || return 1
  cat "$staged/digest" >"$open/digest.new" && sync_file "$open/digest.new" && mv -f "$open/digest.new" "$open/digest"
}

own_words() {
  printf '%s' "${others:+beside other keys, which stay: $others}${homeless:+without a user or home for now: $homeless}"
}

replace() {
  if [ ! -f "$staged/digest" ]; then
    answer nothing
  elif replace_all; then
    answer replaced "${late:+root has for now what shall belong to $late}$(own_words)"
  else
    if restore_all; then answer failed "the secrets could not be replaced, the previous ones are back"; else restore; fi
  fi
}

commit_all() {
  each_staged i put_new && each_staged f put_new && each_staged k put_own || return 1
  each_backup i put_back_unlisted && remove_unlisted || return 1
  cat "$staged/digest" >"$store/installed.new" && each_staged i record && each_staged f record || return 1
  each_staged k record || return 1
  sync_file "$store/installed.new" && mv -f "$store/installed.new" "$store/installed" && discard "$open" && discard "$staged"
}

commit() {
  late=''
  if [ ! -f "$open/digest" ]; then
    answer nothing
  elif [ "$(cat "$open/digest")" != "$(cat "$staged/digest" 2>/dev/null)" ]; then
    answer failed "other secrets are staged than were replaced"
  elif commit_all; then
    answer committed "${late:+nobody is called $late: root has the file }$(own_words)"
  else
    answer failed "the secrets are in place, their previous state could not be cleared away"
  fi
}

restore_all() {
  each_backup f put_back && each_backup i put_back && each_backup k put_back &&
    discard "$open" && discard "$staged"
}

restore() {
  if [ ! -d "$open" ]; then
    discard "$staged"
    answer nothing
  elif restore_all; then
    answer restored
  else
    answer failed "the previous secrets could not be put back; they are in $open/old"
  fi
}

# On a way back, for as long as either system may be what runs: the files of before, the identities of both.
restore_files() {
  if [ ! -d "$open" ]; then
    answer nothing
  elif each_backup f put_back; then
    answer restored "but for the identities"
  else
    answer failed "the previous files could not be put back; they are in $open/old"
  fi
}

action=$1
shift
case $action in
  look | prepare | receive | replace | commit | restore | restore_files) "$action" "$@" || answer failed "$action stopped half way" ;;
  discard) discard "$staged" && answer nothing ;;
  *) exit 2 ;;
esac
