# The files of /etc from a configuration's tree; sourced by `activate`. A link leads through /etc/static, so that one rename moves
# all of them. What is not ours stays as it is.
etc_copied=/etc/.clean

is_ours() { # path below /etc
  case $(readlink "/etc/$1" 2> /dev/null) in
    /etc/static/*) return 0 ;;
  esac
  [ -e "$etc_copied" ] && grep -qxF "$1" "$etc_copied"
}

# Paths of a tree's files, below its etc; the folders of a linked folder are not walked.
etc_files() { # tree
  (cd "$1/etc" && find . -mindepth 1 \( -type l -o -type f \) ! -name '*.mode' | cut -c 3- | sort)
}

# Prints what would be overwritten although it is not ours.
etc_in_the_way() { # toplevel
  etc_files "$1" | while read -r path; do
    if { [ -e "/etc/$path" ] || [ -L "/etc/$path" ]; } && ! is_ours "$path"; then echo "/etc/$path"; fi
  done
}

place_etc_file() { # toplevel path
  source=$1/etc/$2
  target=/etc/$2
  mkdir -p "${target%/*}"
  if [ -e "$source.mode" ]; then
    read -r mode owner group < "$source.mode"
    if [ ! -L "$target" ] && cmp -s "$source" "$target"; then :; else
      cp -L --no-preserve=mode "$source" "$target.tmp"
      chown "${owner#+}:${group#+}" "$target.tmp"
      chmod "$mode" "$target.tmp"
      mv -f "$target.tmp" "$target"
    fi
    echo "$2" >> "$etc_copied.new"
  elif [ "$(readlink "$target" 2> /dev/null)" != "/etc/static/$2" ]; then
    ln -sfn "/etc/static/$2" "$target.tmp"
    mv -fT "$target.tmp" "$target"
  fi
}

# Links that lead nowhere any more and copies that no configuration names, then their folders as far as they are empty.
remove_stale_etc() { # toplevel
  {
    find /etc -path /etc/static -prune -o -type l -lname '/etc/static/*' -print
    if [ -e "$etc_copied" ]; then sed 's|^|/etc/|' "$etc_copied"; fi
  } | while read -r target; do
    path=${target#/etc/}
    if [ ! -e "$1/etc/$path" ] && [ ! -L "$1/etc/$path" ]; then
      rm -f "$target"
      rmdir -p --ignore-fail-on-non-empty "${target%/*}" 2> /dev/null || :
    fi
  done
}

setup_etc() { # toplevel
  in_the_way=$(etc_in_the_way "$1")
  ln -sfn "$1/etc" /etc/static.tmp
  mv -fT /etc/static.tmp /etc/static
  : > "$etc_copied.new"
  etc_files "$1" | while read -r path; do
    case "
$in_the_way
" in
      *"
/etc/$path
"*) ;;
      *) place_etc_file "$1" "$path" ;;
    esac
  done
  remove_stale_etc "$1"
  mv -f "$etc_copied.new" "$etc_copied"
  if [ -n "$in_the_way" ]; then
    echo "error: files in /etc are in the way and not ours; they stay as they are:" >&2
    echo "$in_the_way" | sed 's/^/  /' >&2
    return 1
  fi
}
