# Looks at key files of users: there, the user's own, readable by nobody else. $1 user, $2 path, and so on in pairs. A line
# `problem<TAB>user<TAB>path` for each that is not as it should be; who may not look says nothing.
while [ "$#" -ge 2 ]; do
  user=$1
  path=$2
  shift 2
  if [ "$(id -u)" != 0 ] && [ "$(id -un)" != "$user" ]; then continue; fi
  if [ ! -f "$path" ]; then
    printf 'missing\t%s\t%s\n' "$user" "$path"
    continue
  fi
  # `ls` alone is the same on Linux and macOS: type and nine letters of permissions, links, owner.
  # shellcheck disable=SC2012 # the file's own name is not read
  listed=$(ls -ldL "$path")
  owner=$(printf '%s\n' "$listed" | awk '{ print $3 }')
  if [ "$owner" != "$user" ]; then
    printf 'owner\t%s\t%s\n' "$user" "$path"
  else
    case $listed in
      ????------*) ;;
      *) printf 'mode\t%s\t%s\n' "$user" "$path" ;;
    esac
  fi
done
