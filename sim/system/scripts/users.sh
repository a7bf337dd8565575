# Users and groups of the configuration; sourced by `activate`.
declared_users=/var/lib/nixos/declarative-users

declare_group() { # name gid
  getent group "$1" > /dev/null || groupadd --system ${2:+--gid "$2"} "$1"
}

declare_user() { # name uid group extra-groups home create-home shell description
  if ! id -u "$1" > /dev/null 2>&1; then
    echo "creating user $1"
    useradd --no-user-group --no-create-home --gid "$3" --home-dir "$5" --shell "$7" ${2:+--uid "$2"} \
      ${8:+--comment "$8"} "$1"
  else
    # "no changes" goes to stdout
    usermod --gid "$3" --home "$5" --shell "$7" --comment "$8" "$1" > /dev/null
  fi
  usermod --groups "$4" "$1" > /dev/null
  if [ "$6" = true ] && [ ! -d "$5" ]; then
    mkdir -p "$5"
    chmod 0700 "$5"
    chown "$1:$3" "$5"
  fi
}

# Users that an earlier configuration declared and this one does not; their homes stay.
forget_users() { # names
  mkdir -p "${declared_users%/*}"
  if [ -e "$declared_users" ]; then
    while read -r user; do
      case " $* " in
        *" $user "*) ;;
        *)
          if id -u "$user" > /dev/null 2>&1; then
            echo "removing user $user"
            userdel --force "$user" 2> /dev/null
          fi
          ;;
      esac
    done < "$declared_users"
  fi
  printf '%s\n' "$@" > "$declared_users.new"
  mv "$declared_users.new" "$declared_users"
}
