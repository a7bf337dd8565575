# Runs as a job. $1 declared toplevel, $2 uid of the login user.
# Closures of before 2025-01-30 have a part of their own for the user. Source: nix-darwin, `darwin-rebuild`, legacy rule.
if [ -e "$1/activate-user" ] && [ "$(sed -n 2p "$1/activate-user")" != "# nix-darwin: deprecated" ]; then
  if [ "$2" = 0 ]; then
    echo "pulumi-clan: this closure activates a user's part, and the login user is root"
    exit 31
  fi
  sudo -n -H -u "#$2" -- "$1/activate-user" || exit 30
fi
exec "$1/activate"
