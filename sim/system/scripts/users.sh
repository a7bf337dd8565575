# Users and groups of the configuration; sourced by `activate`.
declared_users=/var/lib/nixos/declarative-users
# Who comes back gets the number of before, and nobody else does: the home that stayed belongs to it.
known_uids=/var/lib/nixos/uid-map
mkdir -p /var/lib/nixos
touch "$known_uids"

uid_for() { # name
  awk -v user="$1" '
    NF == 2 && $1 == user { known = $2 }
    { number = NF == 2 ? $2 : $1 }
    number >= 1000 && number < 30000 && number > highest { highest = number }
    END { print known != "" ? known : (highest ? highest : 999) + 1 }
  ' "$known_uids" - << USED
$(cut -d : -f 3 /etc/passwd)
USED
}

declare_group() { # name gid
  getent group "$1" > /dev/null || groupadd --system ${2:+--gid "$2"} "$1"
}

declare_user() { # name uid group extra-groups home create-home shell description
  if ! id -u "$1" > /dev/null 2>&1; then
    echo "creating user $1"
    uid=${2:-$(uid_for "$1")}
    useradd --no-user-group --no-create-home --gid "$3" --home-dir "$5" --shell "$7" --uid "$uid" \
      ${8:+--comment "$8"} "$1"
    grep -qx "$1 $uid" "$known_uids" || echo "$1 $uid" >> "$known_uids"
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
