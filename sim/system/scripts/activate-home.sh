# Activation of a home, run as its user: nothing is changed while a file that is not ours is in the way.
set -eu
PATH=/usr/bin:/bin:/usr/sbin:/sbin
state=${XDG_STATE_HOME:-$HOME/.local/state}/home-manager
profiles=${XDG_STATE_HOME:-$HOME/.local/state}/nix/profiles
backup=${HOME_MANAGER_BACKUP_EXT-}

files_of() { # generation
  [ ! -d "$1/home-files" ] || (cd "$1/home-files" && find . -type l | cut -c 3- | sort)
}
is_ours() { # path
  case $(readlink "$HOME/$1" 2> /dev/null) in
    /nix/store/*-home-manager-generation/*) return 0 ;;
    *) return 1 ;;
  esac
}

# Prints what stands in the way, after backups were made where they are asked for.
collisions() {
  files_of "$generation" | while read -r path; do
    [ -e "$HOME/$path" ] || [ -L "$HOME/$path" ] || continue
    if is_ours "$path" || cmp -s "$HOME/$path" "$generation/home-files/$path"; then
      :
    elif [ -n "$backup" ] && [ ! -e "$HOME/$path.$backup" ]; then
      mv "$HOME/$path" "$HOME/$path.$backup"
    else
      echo "Existing file '$HOME/$path' would be clobbered"
    fi
  done
}

in_the_way=$(collisions)
if [ -n "$in_the_way" ]; then
  echo "$in_the_way" >&2
  echo "Please move or remove these files, or set \`home-manager.backupFileExtension'." >&2
  exit 1
fi

old=$(readlink -f "$state/gcroots/current-home" 2> /dev/null || :)
if [ -n "$old" ] && [ "$old" != "$generation" ]; then
  echo "Cleaning up orphan links from $HOME"
  files_of "$old" | while read -r path; do
    if [ ! -L "$generation/home-files/$path" ] && is_ours "$path"; then
      rm -f "$HOME/$path"
      (cd "$HOME" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$path")" 2> /dev/null) || :
    fi
  done
fi

echo "Creating home file links in $HOME"
files_of "$generation" | while read -r path; do
  mkdir -p "$HOME/$(dirname "$path")"
  ln -sfn "$generation/home-files/$path" "$HOME/$path"
done
mkdir -p "$state/gcroots" "$profiles"
ln -sfn "$generation" "$state/gcroots/current-home"
if [ "$(readlink -f "$profiles/home-manager" 2> /dev/null)" != "$generation" ]; then
  number=$(($(readlink "$profiles/home-manager" 2> /dev/null | tr -cd 0-9) + 1))
  ln -sfn "$generation" "$profiles/home-manager-$number-link"
  ln -sfn "home-manager-$number-link" "$profiles/home-manager"
fi
